"""What a report is about, as plain data: the job that writes it may run where no plugin is installed."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import Settings, as_json

MOST = 100_000
"""Characters of a command line's one argument; Linux allows 128 KiB."""

PACKED = "zlib:"


def pack(about: Mapping[str, Any]) -> str:
    """A subject as an argument: JSON, compressed where hundreds of variants would make it too long."""
    text = json.dumps(about, sort_keys=True)
    return text if len(text) < MOST else PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> dict[str, Any] | None:
    """What was packed; None of anything else, the name of a file, say."""
    if text.startswith(PACKED):
        text = zlib.decompress(base64.b64decode(text.removeprefix(PACKED))).decode()
    return json.loads(text) if text.lstrip().startswith("{") else None


def subject(settings: Settings, registry: Registry) -> dict[str, Any]:
    """The settings as JSON with an `about` in each challenge: title, address, metric, licence, citation, its models' summaries."""
    challenges: dict[str, Any] = {}
    for name, entry in settings.challenges.items():
        declared = registry.challenge(name)
        summaries = {model: m.summary for (challenge, model), m in registry.models.items() if challenge == name}
        about = {key: getattr(declared, key) for key in ("title", "url", "licence", "citation")}
        about |= {"metric": declared.metric.name, "metric_is": declared.metric.description}
        about |= {"chance": declared.metric.chance, "best": declared.metric.best}
        about |= {"direction": declared.metric.direction, "draws": registry.draws(name)}
        about |= {"datasets": {dataset.name: dataset.summary for dataset in declared.datasets}, "models": summaries}
        challenges[name] = {**as_json(entry), "about": about}
    return {"results": settings.results, "challenges": challenges}
