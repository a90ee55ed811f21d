"""Where the workflow keeps what is scored: for the rule that measures what body parts are worth, and the measure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow import Shard


def scored_shards(results: str | Path, dataset: str, model: str, config: Mapping[str, Any]) -> list[Shard]:
    """The shards with gold, with a model's predictions; config: the dataset's part of the resolved config."""
    home = Path(results) / "mabe-task1" / dataset
    found = []
    for split in config["gold"]:
        for fold in range(config["folds"]) if split == "train" else [None]:
            for number in range(config["shards"][split]):
                name = f"{split if fold is None else f'{split}-f{fold}'}-{number:03d}"
                predictions = home / model / "predictions" / dataset / name
                index = home / "index" / "shards" / f"{name}.csv"
                found.append(
                    Shard(name, split, fold, index, home / "prepared" / name, home / "gold" / name, predictions)
                )
    return found
