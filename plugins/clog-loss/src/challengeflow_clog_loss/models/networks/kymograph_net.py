"""The model kymograph-net: a small 2D network over time and place along the straightened vessel."""

from collections.abc import Mapping
from typing import Any

from challengeflow import PredictJob, TrainJob
from challengeflow_clog_loss.models.networks import clip_model
from challengeflow_clog_loss.video.straightened import ACROSS


def train(job: TrainJob) -> None:
    """See `clip_model.train`."""
    clip_model.train(job, build)


def predict(job: PredictJob) -> None:
    """See `clip_model.predict`."""
    clip_model.predict(job, build)


def build(parameters: Mapping[str, Any]) -> Any:
    """An untrained network."""
    from challengeflow_clog_loss.models.networks.kymograph_layers import KymographNet

    return KymographNet(ACROSS, parameters["width"], parameters["dropout"])
