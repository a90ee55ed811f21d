"""The model timm-temporal: any 2D network of timm over groups of frames."""

from collections.abc import Mapping
from typing import Any

from challengeflow import PredictJob, TrainJob
from challengeflow_clog_loss.models.networks import clip_model


def train(job: TrainJob) -> None:
    """See `clip_model.train`."""
    clip_model.train(job, build)


def predict(job: PredictJob) -> None:
    """See `clip_model.predict`."""
    clip_model.predict(job, build)


def build(parameters: Mapping[str, Any]) -> Any:
    """An untrained network."""
    from challengeflow_clog_loss.models.networks.timm_temporal_net import TimmTemporal

    return TimmTemporal(**{name: parameters[name] for name in ("backbone", "group", "step", "shift", "dropout")})
