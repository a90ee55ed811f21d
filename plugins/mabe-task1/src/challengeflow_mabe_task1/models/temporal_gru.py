"""The model temporal-gru: recurrent networks that read the sequence of pose features forwards and backwards."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from challengeflow import PredictJob, TrainJob
from challengeflow_mabe_task1.models import temporal_model

if TYPE_CHECKING:
    from torch import nn

SHAPE = ("channels", "layers", "dropout", "input_dropout", "causal")
"""Parameters that say what the network looks like."""


def train(job: TrainJob) -> None:
    """See `temporal_model.train`."""
    temporal_model.train(job, build)


def predict(job: PredictJob) -> None:
    """See `temporal_model.predict`."""
    temporal_model.predict(job, build)


def build(inputs: int, classes: int, parameters: Mapping[str, Any]) -> "nn.Module":
    """An untrained network, as `temporal_model.Build` has it."""
    from challengeflow_mabe_task1.models.temporal_gru_net import TemporalGruNet

    return TemporalGruNet(inputs, classes, **{name: parameters[name] for name in SHAPE})
