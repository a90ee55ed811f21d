"""What a body part is worth to a model: the score it loses, out of fold, when the part is hidden from it.

This needs no look inside the model, so it serves every one, and a hidden part is what trackers give anyway (shuffled
coordinates are no pose). By hand:

    python -m challengeflow_mabe_task1.pictures.importance DATASET MODEL RESULTS OUTPUT

RESULTS: the file that says where the results are, which `challengeflow.results` writes for the rule that calls this.
"""

import csv
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from challengeflow import InputError, PredictJob, Progress, Sample, Shard
from challengeflow.arrays import Arrays, Predictions, Writer
from challengeflow.results import Results
from challengeflow.stages import call_stage
from challengeflow_mabe_task1.pictures import canvas
from challengeflow_mabe_task1.scoring.metric import confusion, macro_f1
from challengeflow_mabe_task1.scoring.score import scored_classes

SEQUENCES = 3
"""Of each shard, evenly spread: enough to rank the parts, few enough to wait for."""


def losses(results: Results, dataset: str, model: str) -> list[tuple[str, float]]:
    """(part, macro F1 lost when it is hidden in both animals), the most missed first; no decision is applied."""
    shards = [shard for shard in results.shards(dataset, model) if shard.split == "train"]
    chosen = {shard.name: _chosen(shard) for shard in shards}
    names = next((Arrays(s.prepared).attributes(chosen[s.name][0].id) for s in shards if chosen[s.name]), None)
    if names is None:
        raise InputError(f"no train sequence of {dataset} could be read, so there is nothing to hide")
    scored = scored_classes(names["vocabulary"], results.stage_parameters(dataset, "score")["scored"])
    progress, counts = Progress("importance"), {}
    with tempfile.TemporaryDirectory() as work:
        for place, part in enumerate(progress([None, *names["parts"]], "part hidden")):
            counts[part] = np.zeros((len(names["vocabulary"]), len(names["vocabulary"])), np.int64)
            for shard in shards:
                folder = Path(work) / f"{place}-{shard.name}"
                masked = _masked(shard, chosen[shard.name], None if part is None else place - 1, folder)
                _predict(masked, results, dataset, model, folder)
                counts[part] = counts[part] + _count(masked, shard, len(names["vocabulary"]))
    whole = macro_f1(counts.pop(None), scored)
    return sorted(((part, whole - macro_f1(own, scored)) for part, own in counts.items()), key=lambda pair: -pair[1])


def draw(path: Path, title: str, found: Sequence[tuple[str, float]]) -> None:
    """Bars of the parts' losses."""
    height = 0.8 + 0.3 * len(found)
    figure = canvas.new_figure(7, height)
    axes = figure.add_axes((0.2, 0.45 / height, 0.76, 1 - 0.9 / height))
    places = np.arange(len(found))[::-1]
    axes.barh(places, [loss for _, loss in found], color=canvas.ANIMALS["resident"], height=0.65)
    axes.set_yticks(places, [part for part, _ in found], fontsize=8)
    axes.axvline(0, color=canvas.WRITING, linewidth=0.6)
    axes.tick_params(labelsize=8, length=0)
    axes.set_xlabel("macro F1 lost when the part is hidden in both animals", fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.text(0.02, 1 - 0.22 / height, title, fontsize=10, weight="bold", va="center")
    canvas.save(figure, path)


def _chosen(shard: Shard) -> list[Sample]:
    prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
    readable = set(prepared.ok())
    samples = [sample for sample in shard.samples if sample.id in readable and sample.id in gold]
    return (
        [samples[k] for k in np.unique(np.linspace(0, len(samples) - 1, SEQUENCES).round().astype(int))]
        if samples
        else []
    )


def _masked(shard: Shard, samples: Sequence[Sample], part: int | None, folder: Path) -> Shard:
    """A shard of some of the samples with a part hidden."""
    prepared = Arrays(shard.prepared)
    with Writer(folder / "prepared") as out:
        for sample in samples:
            points = np.array(prepared[sample.id]["keypoints"])
            if part is not None:
                points[..., part] = np.nan
            out.add(sample.id, prepared.attributes(sample.id), keypoints=points)
    with open(folder / "index.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "split", "group", *(samples[0].columns if samples else ())])
        writer.writerows([s.id, s.split, s.group, *s.columns.values()] for s in samples)
    return Shard(
        shard.name, shard.split, shard.fold, folder / "index.csv", folder / "prepared", None, folder / "scores"
    )


def _predict(shard: Shard, results: Results, dataset: str, model: str, work: Path) -> None:
    assert shard.fold is not None and shard.predictions is not None  # a train shard, with a place for its answers
    job = PredictJob(
        challenge="mabe-task1",
        dataset=dataset,
        parameters=results.parameters(model),
        seed=0,
        threads=1,
        device="cpu",
        work=work,
        progress=Progress("predict"),
        model=results.declared(model),
        models=(results.model(dataset, model, shard.fold),),
        shard=shard,
        output=shard.predictions,
    )
    call_stage("predict", job)


def _count(masked: Shard, shard: Shard, classes: int) -> np.ndarray:
    """Confusion matrix (C, C) of the frames' likeliest classes."""
    gold, total = Arrays(shard.gold), np.zeros((classes, classes), np.int64)
    for name, scores in Predictions(masked.predictions).items():
        truth = gold[name]["scores"]
        total += confusion(np.where(truth.any(axis=1), truth.argmax(axis=1), -1), scores.argmax(axis=1), classes)
    return total


def main(dataset: str, model: str, results: str, output: str) -> None:
    """Write importance.csv and importance.png into the folder `output`."""
    found = losses(Results.of(results), dataset, model)
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "importance.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["part", "macro_f1_lost"])
        writer.writerows([part, f"{loss:.5f}"] for part, loss in found)
    draw(folder / "importance.png", f"{dataset}, {model}: what the body parts are worth", found)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
