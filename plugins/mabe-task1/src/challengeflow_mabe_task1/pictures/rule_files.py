"""Which files the rules of importance.smk read: everything that was scored, by dataset and model."""

import json
from collections.abc import Mapping
from typing import Any

from challengeflow_mabe_task1.scoring.scored_shards import scored_shards


class RuleFiles:
    """The scored models of a config, `{"results", "datasets", "models"}`, seen through Snakemake's wildcards."""

    def __init__(self, config: Mapping[str, Any]):
        self.results = config["results"]
        self.datasets = config["datasets"]
        self.models = config["models"]

    def targets(self) -> list[str]:
        """The folder of every trained model that is scored."""
        return [
            f"{self.results}/mabe-task1/{dataset}/{model}/importance"
            for dataset, entry in self.datasets.items()
            if entry["gold"] and "train" in entry["splits"]
            for model, declared in self.models.items()
            if declared["kind"] == "trained"
        ]

    def scored(self, wildcards: Any) -> list[str]:
        """Prepared shards, gold and predictions that enter a score."""
        entry = self.datasets[wildcards.dataset]
        shards = scored_shards(self.results, wildcards.dataset, wildcards.model, entry)
        return [str(path) for shard in shards for path in (shard.prepared, shard.gold, shard.predictions)]

    def fold_models(self, wildcards: Any) -> list[str]:
        """The models of all folds."""
        home = f"{self.results}/mabe-task1/{wildcards.dataset}/{wildcards.model}"
        return [f"{home}/fold-{fold}" for fold in range(self.datasets[wildcards.dataset]["folds"])]

    def dataset(self, wildcards: Any) -> str:
        """The dataset's part of the config, as JSON."""
        return json.dumps(self.datasets[wildcards.dataset], sort_keys=True)

    def model(self, wildcards: Any) -> str:
        """The model's part of the config, as JSON."""
        return json.dumps(self.models[wildcards.model], sort_keys=True)
