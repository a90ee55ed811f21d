"""The model densenet3d: a 3D DenseNet after the winner of the challenge, trained in three stages; it wants a GPU."""

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
    from challengeflow_clog_loss.models.networks.densenet3d_net import DenseNet3d

    return DenseNet3d(parameters["blocks"], parameters["growth"], parameters["dropout"])
