"""What a report is about, as plain data: the job that writes it may run where no plugin is installed."""

from collections.abc import Mapping
from typing import Any

from challengeflow.plugins import Registry


def subject(resolved: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """The resolved config with an `about` in each challenge: title, address, metric, licence, citation, its models' summaries."""
    challenges = {}
    for name, entry in resolved["challenges"].items():
        declared = registry.challenge(name)
        summaries = {model: m.summary for (challenge, model), m in registry.models.items() if challenge == name}
        about = {key: getattr(declared, key) for key in ("title", "url", "licence", "citation")}
        about |= {"metric": declared.metric.name, "metric_is": declared.metric.description}
        about |= {"chance": declared.metric.chance, "best": declared.metric.best, "draws": registry.draws(name)}
        about |= {"datasets": {dataset.name: dataset.summary for dataset in declared.datasets}, "models": summaries}
        challenges[name] = {**entry, "about": about}
    return {"results": resolved["results"], "challenges": challenges}
