"""The model resnet3d-small: a 3D ResNet of ten layers that a laptop trains."""

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
    from challengeflow_clog_loss.models.networks.resnet3d_net import ResNet3d

    return ResNet3d(parameters["width"], parameters["dropout"])
