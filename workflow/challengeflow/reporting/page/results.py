"""What is known of a scored variant: plain values, as the page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from challengeflow.planning.settings import VariantSettings
from challengeflow.reporting.page.costs import Cost


@dataclass(frozen=True)
class Result:
    """A variant's score of one split, with its interval.

    chance: what guessing is expected to score on the same samples; scaled: 0 is that, 1 is a perfect answer's score.
    """

    split: str
    score: float
    low: float
    high: float
    chance: float | None
    scaled: float | None
    detail: Mapping[str, Any]
    entry: Mapping[str, Any]

    @property
    def metrics(self) -> Mapping[str, float]:
        """The further metrics, by name."""
        found: Mapping[str, float] = self.entry.get("metrics", {})
        return found

    @property
    def further(self) -> dict[str, Any]:
        """The detail but what the page shows elsewhere."""
        return {key: value for key, value in self.detail.items() if key not in ("warnings", "references")}

    @property
    def warnings(self) -> list[str]:
        """What the plugin warns of: sentences in `detail["warnings"]`."""
        found = self.detail.get("warnings", [])
        return [str(each) for each in found] if isinstance(found, list) else []


@dataclass(frozen=True)
class Reference:
    """A published result on the very data of a split. Nothing of it was measured in this run."""

    system: str
    score: float
    source: str


@dataclass(frozen=True)
class Variant:
    """A scored variant of a dataset with everything known of it."""

    challenge: str
    dataset: str
    name: str
    entry: VariantSettings
    summary: str
    results: tuple[Result, ...]
    failed: tuple[Mapping[str, str], ...]
    cost: Cost
    pictures: tuple[Mapping[str, Any], ...]
    folder: Path
    notes: Mapping[str, Mapping[str, Any]]

    @property
    def id(self) -> str:
        """Of its page."""
        return f"{self.challenge}/{self.dataset}/{self.name}"

    @property
    def kind(self) -> str:
        return self.entry.kind
