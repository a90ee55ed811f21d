"""Calling a stage from a plugin's own programs and tests, as the workflow calls it."""

from challengeflow.contract.jobs import Job
from challengeflow.contract.names import MODEL_STAGES
from challengeflow.planning.plugins import registry


def call_stage(stage: str, job: Job) -> None:
    """Call `stage` on the plugin that owns it, inside every wrapper. Nothing is checked, renamed or noted."""
    registry().call(stage, job, getattr(job, "model", None) if stage in MODEL_STAGES else None)
