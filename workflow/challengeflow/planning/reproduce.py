"""From what a stage was given back to a config that a person can run: every default written out, nothing left open."""

from collections.abc import Iterable, Mapping
from typing import Any

from challengeflow.contract.names import PARAMETER_STAGES


def config_of(
    challenge: str, resolved: Mapping[str, Any], datasets: Iterable[str], variants: Iterable[str]
) -> dict[str, Any]:
    """The config of some datasets and variants of a resolved challenge, and of no submission, without controls."""
    part: dict[str, Any] = {
        "datasets": {name: _dataset(resolved["datasets"][name]) for name in datasets},
        "models": {name: _variant(resolved["models"][name]) for name in variants},
        "controls": False,
        "submissions": {},
    }
    if "max_failed" in resolved:
        part["max_failed"] = resolved["max_failed"]
    return {"seed": resolved["seed"], "device": resolved["device"], "challenges": {challenge: part}}


def _dataset(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: entry[key] for key in ("source", "splits", "gold", "folds", "shards")}
    if entry["trained_on"]:
        kept["trained_on"] = entry["trained_on"]
    return kept | {
        stage: dict(entry["parameters"][stage]) for stage in PARAMETER_STAGES if entry["parameters"].get(stage)
    }


def _variant(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["kind"] == "ensemble":
        return {"members": dict(entry["members"])}
    return {key: entry[key] for key in ("model", "parameters", "seed", "refit")}
