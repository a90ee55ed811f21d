"""The challenge's ranking of models: by dataset, then both joined, for each task; the command `challengeflow
mood-rank`.

As the organisers' `ranking/generate_ranking.r` does with challengeR: aggregateThenRank (mean of the draws, a missing
value is 0, ties share the best rank), then consensus "euclidean": the mean of the ranks over the datasets, ties with
their average rank.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mood.docker.build_context import DATASETS, TASKS

Draws = Mapping[str, Mapping[str, Sequence[float]]]
"""Dataset -> model -> average precision in each draw of cases."""


@dataclass(frozen=True)
class Place:
    """One model's place. values and ranks: by dataset, the mean of its draws and its rank (ties share the best one)."""

    model: str
    values: dict[str, float]
    ranks: dict[str, int]
    mean_rank: float
    place: float


def rank(draws: Draws) -> list[Place]:
    """The models in the order of the consensus; a model that a dataset lacks, or a draw that is NaN, counts as 0
    there.
    """
    models = sorted({model for own in draws.values() for model in own})
    values = {
        dataset: {model: float(np.mean(np.nan_to_num(list(own.get(model, [0.0])), nan=0.0))) for model in models}
        for dataset, own in draws.items()
    }
    best = {dataset: _ranks(own, "min") for dataset, own in values.items()}
    mean = {model: float(np.mean([_ranks(own, "average")[model] for own in values.values()])) for model in models}
    places = _ranks({model: -value for model, value in mean.items()}, "average")
    found = [
        Place(
            model,
            {dataset: values[dataset][model] for dataset in values},
            {dataset: int(best[dataset][model]) for dataset in values},
            mean[model],
            places[model],
        )
        for model in models
    ]
    return sorted(found, key=lambda place: (place.place, place.model))


def read_draws(results: Path, split: str) -> Mapping[str, Draws]:
    """Task -> draws of every model scored on both datasets' `split`, from results/mood/DATASET/MODEL/scores.json; no
    controls.

    Raises InputError where there is no model to rank.
    """
    found: dict[str, dict] = {task: {dataset: {} for dataset in DATASETS} for task in TASKS}
    for dataset in DATASETS:
        for path in sorted((results / "mood" / dataset).glob("*/scores.json")):
            scores = json.loads(path.read_text())
            if scores["kind"] == "control" or split not in scores["splits"]:
                continue
            detail = scores["splits"][split]["detail"]
            for task in TASKS:
                found[task][dataset][scores["model"]] = detail["draws"][task] or [detail[f"{task}_ap"]]
    if not all(found[TASKS[0]].values()):
        raise InputError(
            f"{results} holds no model scored on the split {split!r} of both brain and abdom; expected "
            "mood/{brain,abdom}/MODEL/scores.json, run the workflow on both"
        )
    return found


def write_csv(path: Path, draws: Draws, averaged: bool) -> None:
    """The table that challengeR reads: "task", "alg_name", "value", "case"; one row a draw, or one with their mean."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("task", "alg_name", "value", "case"))
        for dataset, models in draws.items():
            for model, values in models.items():
                rows = [float(np.mean(values))] if averaged else values
                writer.writerows((dataset, model, value, case) for case, value in enumerate(rows))


def main(arguments: list[str]) -> int:
    """Run the command; 0. Raises InputError for what the user can mend."""
    parser = argparse.ArgumentParser(
        prog="challengeflow mood-rank", description="Rank the scored models as MOOD does: by dataset, then joined."
    )
    parser.add_argument("results", type=Path, help="the results folder of the workflow")
    parser.add_argument("--split", default="test", help="test (the toy cases) or proxy")
    parser.add_argument("--save", type=Path, metavar="DIR", help="folder for the tables that challengeR reads")
    options = parser.parse_args(arguments)
    for task, draws in read_draws(options.results, options.split).items():
        print(f"{task}:\n  {'place':>5} {'mean rank':>9}  " + "  ".join(f"{d:>6} (rank)" for d in draws) + "  model")
        for each in rank(draws):
            cells = "  ".join(f"{each.values[d]:6.4f} ({each.ranks[d]:>4})" for d in draws)
            print(f"  {each.place:>5g} {each.mean_rank:>9g}  {cells}  {each.model}")
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            write_csv(options.save / f"{task}_ranking.csv", draws, True)
            write_csv(options.save / f"{task}_ranking_noavg.csv", draws, False)
    return 0


def _ranks(values: Mapping[str, float], ties: str) -> dict[str, float]:
    """Rank of each, 1 for the largest; equal ones share their smallest rank ("min") or the mean of theirs
    ("average").
    """
    ranks = {}
    for name, value in values.items():
        above = sum(other > value for other in values.values())
        equal = sum(other == value for other in values.values())
        ranks[name] = above + 1 + (0 if ties == "min" else (equal - 1) / 2)
    return ranks
