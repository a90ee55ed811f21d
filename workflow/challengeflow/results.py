"""Where the results of a run are, for a plugin's own rules and programs: none of them need put a path together.

results = Results.of(config)  # in a plugin's .smk, whose `config` is its challenge's part of the settings
for dataset, variant in results.scored():
    results.shards(dataset, variant)  # with index, prepared, gold and predictions of each
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.contract.jobs import Shard
from challengeflow.planning.part_file import read_part, write_part
from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import as_json, challenge_settings


@dataclass(frozen=True)
class Results:
    """The results of one challenge of a run."""

    plan: Plan

    @classmethod
    def of(cls, config: Mapping[str, Any] | str) -> "Results":
        """Of what the rules of a plugin have as `config`, or of a file that holds a part of it (`as_argument`)."""
        value = read_part(config) if isinstance(config, str) else config
        if value is None:
            raise InputError(
                f"{config} is not a part of a config that the workflow wrote; paste the line of a job as it is"
            )
        return cls(Plan(value["challenge"], challenge_settings(value)))

    def as_argument(self, dataset: str, variant: str) -> str:
        """The file with what one dataset and variant depend on, for a command line and for `params:`."""
        members = dict.fromkeys([variant, *self.plan.members(variant)])
        part: dict[str, Any] = as_json(self.plan.part(dataset, "preprocess", "score", variants=members))
        return write_part(part | {"challenge": self.plan.challenge})

    def scored(self, kind: str = "trained") -> list[tuple[str, str]]:
        """(dataset, variant) of every scored variant of a kind: trained, ensemble or control."""
        return [pair for pair in self.plan.scored() if self.plan.models[pair[1]].kind == kind]

    def shards(self, dataset: str, variant: str) -> list[Shard]:
        """The shards of a dataset that are scored, each with its gold and the predictions of a variant."""
        plan = self.plan
        return [
            Shard(
                name=shard.name,
                split=shard.split,
                fold=shard.fold,
                index=Path(plan.index(shard)),
                prepared=Path(plan.prepared(shard)),
                gold=Path(plan.gold(shard)),
                predictions=Path(plan.predictions(dataset, variant, shard)),
            )
            for shard in plan.scored_shards(dataset)
        ]

    def models(self, dataset: str, variant: str) -> list[Path]:
        """The folders of the models that answer unseen samples: of all folds, or the refit."""
        return [Path(path) for path in self.plan.fold_models(dataset, variant)]

    def model(self, dataset: str, variant: str, fold: int) -> Path:
        """The folder of the model that never saw a fold."""
        return Path(self.plan.layout.model(dataset, variant, fold))

    def declared(self, variant: str) -> str:
        """The name of the model that a variant is of."""
        return self.plan.models[variant].model

    def parameters(self, variant: str) -> Mapping[str, Any]:
        """The parameters of a variant."""
        return self.plan.models[variant].parameters

    def stage_parameters(self, dataset: str, stage: str) -> Mapping[str, Any]:
        """The parameters of a stage of the challenge."""
        return self.plan.datasets[dataset].parameters[stage]

    def own(self, dataset: str, variant: str, name: str) -> str:
        """A path for what a plugin makes itself of a variant. Every argument may be a `{wildcard}`."""
        return f"{self.plan.layout.variant(dataset, variant)}/{name}"

    def log(self, dataset: str, variant: str, name: str) -> str:
        """A path for the log of that."""
        return self.plan.layout.log(name, dataset, variant)
