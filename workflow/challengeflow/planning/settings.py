"""The resolved config as typed, frozen objects: every default filled in, every name known.

A stage is given the part of it that it depends on, as JSON: what such a part leaves out has its empty value here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

Parameters = Mapping[str, Any]
"""Parameter name -> value, as the schema of the plugin says."""

MODELS = "models"
"""The source of a dataset without data: only the models that were trained on it."""


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """A dataset of a run. `source`: demo, official, models or an absolute path; `shards`: number by split, in train
    for each fold.

    splits: split -> role, in the order in which scores are shown; own_folds: whether the sample table says the folds.

    trained_on: the dataset whose models answer it, where it is data of one's own. parameters: stage -> parameters.
    packages: variant -> the model package that its models come from, where they are not trained here.
    """

    splits: Mapping[str, str]
    gold: tuple[str, ...]
    folds: int
    shards: Mapping[str, int]
    own_folds: bool = False
    archives: tuple[str, ...] = ()
    extends: str | None = None
    trained_on: str | None = None
    source: str = ""
    parameters: Mapping[str, Parameters] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    @property
    def without_data(self) -> bool:
        """Whether there is nothing of it but models that were trained elsewhere."""
        return self.source == MODELS

    @property
    def is_own(self) -> bool:
        """Whether its source is a path: files that may change."""
        return self.source not in ("", "demo", "official", MODELS)

    def structure(self) -> "DatasetSettings":
        """Without source and parameters: what every stage depends on."""
        return DatasetSettings(
            splits=self.splits,
            gold=self.gold,
            folds=self.folds,
            own_folds=self.own_folds,
            shards=self.shards,
            archives=self.archives,
            extends=self.extends,
            trained_on=self.trained_on,
        )


@dataclass(frozen=True, kw_only=True)
class VariantSettings:
    """A variant of a model. `kind`: trained, ensemble or control; members: variant -> weight, of an ensemble."""

    kind: str
    model: str
    refit: bool = False
    seed: int | None = None
    parameters: Parameters = field(default_factory=dict)
    members: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ChallengeSettings:
    """A challenge of a run. `submissions`: kind -> name -> dataset -> the variant that answers it."""

    results: str
    seed: int
    device: str
    datasets: Mapping[str, DatasetSettings]
    models: Mapping[str, VariantSettings] = field(default_factory=dict)
    submissions: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    max_failed: float | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A run: the whole config."""

    results: str
    seed: int
    device: str
    keep_raw: bool
    raw_shards: int | None
    challenges: Mapping[str, ChallengeSettings]


def as_json(value: Any) -> Any:
    """Settings, or a part of them, as what JSON holds; what is left at its empty value is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(found) for one in fields(value) if not _empty(found := getattr(value, one.name))}
    if isinstance(value, Mapping):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple | Mapping) and not value)


def challenge_settings(value: Mapping[str, Any]) -> ChallengeSettings:
    """What `as_json` made of a challenge's settings, or of a part of them."""
    known = {one.name for one in fields(ChallengeSettings)}
    return ChallengeSettings(
        **{key: each for key, each in value.items() if key in known - {"datasets", "models"}},
        datasets={name: _dataset(entry) for name, entry in value["datasets"].items()},
        models={name: VariantSettings(**entry) for name, entry in value.get("models", {}).items()},
    )


def _dataset(entry: Mapping[str, Any]) -> DatasetSettings:
    lists = {key: tuple(entry.get(key, ())) for key in ("gold", "archives")}
    return DatasetSettings(**{**entry, **lists})
