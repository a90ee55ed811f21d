"""The model temporal-conv-pretrained: temporal-conv, first trained without labels, on the test sequences' poses too."""

from challengeflow import PredictJob, TrainJob
from challengeflow_mabe_task1.models import temporal_model
from challengeflow_mabe_task1.models.temporal_conv import build


def train(job: TrainJob) -> None:
    """See `temporal_model.train`."""
    temporal_model.train(job, build, pretrained=True)


def predict(job: PredictJob) -> None:
    """See `temporal_model.predict`."""
    temporal_model.predict(job, build)
