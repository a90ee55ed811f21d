"""What models over time have in common: inputs, parts with inner groups of their own, the files of a model, prediction.

A model is a folder of arrays: `model.json` (how inputs are made), the weights of each part, without pickle, and
`curve.csv`, how each part learnt.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from challengeflow import PredictJob, TrainJob, networks
from challengeflow.arrays import Arrays, Writer, write_scores
from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.features.pose_recipe import Recipe, fitted, make_recipe
from challengeflow_mabe_task1.features.pose_steps import (
    exchanged_steps,
    step_features,
    step_labels,
    step_length,
    to_frames,
)
from challengeflow_mabe_task1.models.training_frames import check_counts, class_counts, class_weights, labels_of

if TYPE_CHECKING:
    from torch import nn

    from challengeflow_mabe_task1.models import temporal_fit

CURVE = ("part", "stage", "epoch", "loss", "score")

PACKAGE = "challengeflow-mabe-task1[torch]"

FARTHEST = 5.0
"""Standard deviations at which inputs are cut off."""

Build = Callable[[int, int, Mapping[str, Any]], Any]
"""inputs, classes, parameters -> an untrained net (torch.nn.Module): inputs (B, F, S) to a list of (B, K, S) logits."""


def train(job: TrainJob, build: Build, *, pretrained: bool = False) -> None:
    """Fit `parts` networks, each early-stopped on other inner groups of the training sequences.

    pretrained: before it, fit each to tell hidden stretches of the training and the unlabelled sequences.
    """
    networks.prepare(job, PACKAGE)
    from challengeflow_mabe_task1.models import temporal_fit

    recipe = make_recipe([Arrays(shard.prepared) for shard in job.shards], job.parameters, job.dataset)
    counts = class_counts(job.shards, len(recipe.vocabulary))
    check_counts(counts, recipe.vocabulary, job.dataset)
    inputs, labels, groups = _inputs(job, recipe)
    other = exchanged_steps(recipe, inputs[0].shape[1]) if recipe.exchange else None
    middle, spread = _statistics(inputs if other is None else [*inputs, *(one[:, other] for one in inputs)])
    examples = [
        temporal_fit.Example(_standardised(one, middle, spread), truth, other)
        for one, truth in zip(inputs, labels, strict=True)
    ]
    unlabelled = [
        temporal_fit.Example(_standardised(one, middle, spread), np.full(len(one), -1), other)
        for one in (_unlabelled(job, recipe) if pretrained else ())
    ]
    facts = {"recipe": asdict(recipe), "inputs": len(middle), "parameters": dict(job.parameters)}
    (job.output / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    curves = []
    with Writer(job.output / "weights") as out:
        out.add("inputs", {}, middle=middle, spread=spread)
        for part in range(job.parameters["parts"]):
            net = _network(build, facts, job.seed + part)
            held = _inner(groups, part, job.parameters["inner"])
            outer = [one for one, group in zip(examples, groups, strict=True) if group not in held]
            inner = [one for one, group in zip(examples, groups, strict=True) if group in held]
            fitting = _fitting(job, counts, background(recipe.vocabulary), part)
            if pretrained:
                from challengeflow_mabe_task1.models import temporal_pretrain

                rows = temporal_pretrain.fit(net, outer + unlabelled, fitting)
                curves += [{"part": part, "stage": "pretraining"} | row for row in rows]
            rows = temporal_fit.fit(net, outer, inner, fitting)
            curves += [{"part": part, "stage": "training"} | row for row in rows]
            out.add(f"part-{part}", {}, **networks.weights(net))
    with open(job.output / "curve.csv", "w", newline="") as file:
        table = csv.DictWriter(file, CURVE, lineterminator="\n")
        table.writeheader()
        table.writerows(curves)


def predict(job: PredictJob, build: Build) -> None:
    """Write scores (T, C) float32 for each sequence: mean over models and parts; 'other' where there is no track."""
    networks.prepare(job, PACKAGE)
    models = [_load(folder, build, job.device) for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    samples = job.progress(job.shard.samples, "sequence")
    write_scores(job.output, ((sample.id, _scores(models, prepared, sample.id, job.device)) for sample in samples))


def _fitting(job: TrainJob, counts: np.ndarray, rest: int, part: int) -> "temporal_fit.Fitting":
    """What the fit of one part depends on. The inner score watches all behaviours that occur, but 'other'."""
    from challengeflow_mabe_task1.models import temporal_fit

    work = job.work / f"part-{part}"
    work.mkdir(exist_ok=True)
    return temporal_fit.Fitting(
        parameters=job.parameters,
        weights=class_weights(counts, job.parameters["balance"]),
        watched=[k for k in np.flatnonzero(counts).tolist() if k != rest],
        seed=(job.seed, part),
        device=job.device,
        work=work,
        progress=job.progress,
    )


def _inputs(job: TrainJob, recipe: Recipe) -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
    """Inputs (S, F), labels (S,) and group of every labelled sequence."""
    inputs, labels, groups = [], [], []
    for shard in job.shards:
        prepared, gold = Arrays(shard.prepared), Arrays(shard.gold)
        group_of = {sample.id: sample.group for sample in shard.samples}
        for name in job.progress([name for name in prepared.ok() if name in gold], "features of sequence"):
            attributes = prepared.attributes(name)
            inputs.append(step_features(recipe, prepared[name]["keypoints"], attributes, job.parameters["rate"]))
            length = step_length(job.parameters["rate"], attributes["fps"])
            labels.append(step_labels(labels_of(gold, name), length).astype(np.int64))
            groups.append(group_of[name])
    return inputs, labels, groups


def _unlabelled(job: TrainJob, recipe: Recipe) -> Iterator[np.ndarray]:
    """Inputs (S, F) of every sequence that came without labels and has a track of the same parts."""
    for shard in job.unlabelled:
        prepared = Arrays(shard.prepared)
        for name in job.progress(prepared.ok(), "features of unlabelled sequence"):
            attributes = prepared.attributes(name)
            points = fitted(recipe, attributes, prepared[name]["keypoints"], name)
            yield step_features(recipe, points, attributes, job.parameters["rate"])


def _statistics(inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (F,) of what is known of each input; 0 and 1 where nothing is, or all is the same."""
    count = sum((~np.isnan(one)).sum(axis=0) for one in inputs)
    known = np.maximum(count, 1)
    middle = sum(np.nansum(one, axis=0, dtype=np.float64) for one in inputs) / known
    spread = np.sqrt(sum(np.nansum((one - middle) ** 2, axis=0) for one in inputs) / known)
    return middle, np.where(spread > 1e-6, spread, 1.0)


def _standardised(inputs: np.ndarray, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Inputs (S, F) as (F, S) float32, mean 0 and deviation 1, what is missing 0."""
    scaled = np.clip((inputs - middle) / spread, -FARTHEST, FARTHEST)
    return np.ascontiguousarray(np.where(np.isnan(scaled), 0, scaled).T, np.float32)


def _inner(groups: Sequence[str], part: int, share: float) -> set[str]:
    """The groups, about `share` of them, that part number `part` is early-stopped on; none where too few would be left.

    Groups are dealt out in their order, so the parts hold out different ones.
    """
    names = list(dict.fromkeys(groups))
    size = round(share * len(names))
    if size < 1 or len(names) - size < 2:
        return set()
    return {names[(part * size + place) % len(names)] for place in range(size)}


def _network(build: Build, facts: dict[str, Any], seed: int) -> "nn.Module":
    import torch

    torch.manual_seed(seed)
    return build(facts["inputs"], len(facts["recipe"]["vocabulary"]), facts["parameters"])


def _load(folder: Path, build: Build, device: str) -> dict[str, Any]:
    facts = json.loads((folder / "model.json").read_text())
    kept, nets = Arrays(folder / "weights"), []
    for part in range(facts["parameters"]["parts"]):
        net = _network(build, facts, 0)
        networks.put_weights(net, kept[f"part-{part}"])
        nets.append(net.to(device))
    return {"recipe": Recipe(**facts["recipe"]), "rate": facts["parameters"]["rate"], "nets": nets} | kept["inputs"]


def _scores(models: list[dict[str, Any]], prepared: Arrays, name: str, device: str) -> np.ndarray:
    """Scores (T, C) float32 of one sequence, rows that sum to 1."""
    from challengeflow_mabe_task1.models import temporal_fit

    attributes = prepared.attributes(name)
    scores = np.zeros(attributes["shape"], np.float64)
    if attributes["status"] != "ok":
        scores[:, background(attributes["vocabulary"])] = 1
        return scores.astype(np.float32)
    made: dict[str, np.ndarray] = {}  # models of all folds have the same recipe, as a rule
    count = sum(len(model["nets"]) for model in models)
    for model in models:
        recipe, rate = model["recipe"], model["rate"]
        key = json.dumps([asdict(recipe), rate])
        if key not in made:
            points = fitted(recipe, attributes, prepared[name]["keypoints"], name)
            made = {key: step_features(recipe, points, attributes, rate)}
        inputs = _standardised(made[key], model["middle"], model["spread"])
        orders = [inputs, inputs[exchanged_steps(recipe, len(inputs))]] if recipe.exchange else [inputs]
        for net in model["nets"]:
            steps = np.mean([temporal_fit.predict(net, one, device) for one in orders], axis=0)
            scores += to_frames(steps, len(scores), step_length(rate, attributes["fps"]), recipe.causal) / count
    return np.clip(scores, 0, 1).astype(np.float32)
