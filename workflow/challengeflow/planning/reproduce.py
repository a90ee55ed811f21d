"""From what a stage was given back to a config that a person can run: every default written out, nothing left open."""

from collections.abc import Iterable
from typing import Any

from challengeflow.contract.names import PARAMETER_STAGES
from challengeflow.planning.settings import ChallengeSettings, DatasetSettings, VariantSettings


def config_of(
    challenge: str, settings: ChallengeSettings, datasets: Iterable[str], variants: Iterable[str]
) -> dict[str, Any]:
    """The config of some datasets and variants of a challenge, and of no submission, without controls."""
    part: dict[str, Any] = {
        "datasets": {name: _dataset(settings.datasets[name]) for name in datasets},
        "models": {name: variant_of(settings.models[name]) for name in variants},
        "controls": False,
        "submissions": {},
    }
    if settings.max_failed is not None:
        part["max_failed"] = settings.max_failed
    return {"seed": settings.seed, "device": settings.device, "challenges": {challenge: part}}


def _dataset(entry: DatasetSettings) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "source": entry.source,
        "splits": list(entry.splits),
        "gold": list(entry.gold),
        "folds": entry.folds,
        "shards": dict(entry.shards),
    }
    if entry.trained_on:
        kept["trained_on"] = entry.trained_on
    if entry.packages:
        kept["packages"] = dict(entry.packages)
    return kept | {stage: dict(entry.parameters[stage]) for stage in PARAMETER_STAGES if entry.parameters.get(stage)}


def variant_of(entry: VariantSettings) -> dict[str, Any]:
    """A variant as a config has it."""
    if entry.kind == "ensemble":
        return {"members": dict(entry.members)}
    return {"model": entry.model, "parameters": dict(entry.parameters), "seed": entry.seed, "refit": entry.refit}
