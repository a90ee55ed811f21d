"""What the networks have in common: the files of a model, the training from prepared shards, the averaged prediction.

A model is a folder of arrays, without pickle: `model.json` (parameters, prevalences, the groups it has seen),
`weights`, and `curve.csv`, how it learnt. Its numeric threads are the parameter `threads`, whatever the job is given:
sums over another number of threads differ in their last bits.
"""

import csv
import json
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError, PredictJob, TrainJob, networks
from challengeflow.arrays import Arrays, ManyArrays, Writer, write_scores
from challengeflow_clog_loss.models.networks import clips, training_set
from challengeflow_clog_loss.models.networks.stored_clips import StoredClips

CURVE = ("stage", "epoch", "loss", "score")
FLIPS: dict[str, tuple[tuple[bool, bool, bool], ...]] = {
    "none": ((False, False, False),),
    "time": ((False, False, False), (True, False, False)),
    "all": tuple((time, rows, columns) for time, rows, columns in product((False, True), repeat=3)),
}

EXTRA = "challengeflow-clog-loss[torch]"

Build = Callable[[Mapping[str, Any]], Any]
"""parameters -> an untrained network (torch.nn.Module): clips (B, 2, T, S, S) to logits (B,)."""


def train(job: TrainJob, build: Build) -> None:
    """Fit one network through the stages of `parameters["stages"]`, each stopped early on inner groups."""
    networks.prepare(job, EXTRA)
    from challengeflow_clog_loss.models.networks import fitting

    videos, arrays = training_set.read(job)
    held = training_set.inner_groups(videos.groups, job.parameters["inner"], job.seed)
    is_inner = np.array([group in held for group in videos.groups])
    if len(set(videos.stalled[is_inner])) < 2:  # nothing to rank
        is_inner[:] = False
    outer = np.flatnonzero(~is_inner)
    net = _network(build, job)
    depends_on = fitting.Fitting(
        parameters=job.parameters,
        read=_reader(job, arrays),
        stalled=videos.stalled,
        stages=_stages(job, videos, outer),
        inner=np.flatnonzero(is_inner),
        seed=job.seed,
        device=job.device,
        threads=job.threads,
        work=job.work,
        progress=job.progress,
    )
    curve = fitting.fit(net, depends_on)
    facts = {
        "model": job.model,
        "parameters": dict(job.parameters),
        "prevalence": float(videos.stalled.mean()),
        "groups": sorted(set(videos.groups)),
        "inner_groups": sorted(held),
    }
    (job.output / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    with Writer(job.output / "weights") as out:
        out.add("net", {}, **networks.weights(net))
    with open(job.output / "curve.csv", "w", newline="") as file:
        table = csv.DictWriter(file, CURVE, lineterminator="\n")
        table.writeheader()
        table.writerows(curve)


def predict(job: PredictJob, build: Build) -> None:
    """Write each video's chance, float32 (1,): mean logit over models, clips, flips; the prevalence where unreadable.

    The networks were trained on batches with more stalled videos than there are: their logits are moved to the
    training videos' own prevalence.
    """
    networks.prepare(job, EXTRA)
    from challengeflow_clog_loss.models.networks import fitting

    models = [load(folder, build, job.device) for folder in job.models]
    prepared = Arrays(job.shard.prepared)
    readable = [s.id for s in job.shard.samples if prepared.attributes(s.id)["status"] == "ok"]
    videos = fitting.ahead(
        lambda name: clips_of(whole(prepared[name], job.parameters), job.parameters, None), readable, job.threads
    )
    flips = FLIPS[job.parameters["average_flips"]]
    found = fitting.predict([net for _, net in models], videos, job.device, flips)
    moves = [to_prevalence(facts) for facts, _ in models]

    def chance(sample: str) -> np.ndarray:
        if prepared.attributes(sample)["status"] == "ok":
            value = 1 / (1 + np.exp(-np.mean(next(found) + moves)))
        else:
            value = np.mean([facts["prevalence"] for facts, _ in models])
        return np.full(prepared.attributes(sample)["shape"], value, np.float32)

    write_scores(job.output, ((s.id, chance(s.id)) for s in job.progress(job.shard.samples, "video")))


def whole(arrays: Mapping[str, np.ndarray], parameters: Mapping[str, Any]) -> clips.Clip:
    """A prepared video as the network is shown it: the whole region, or the straight vessel around its focus."""
    if parameters["view"] == "straightened":
        return clips.straight(arrays, parameters["size"], parameters["frames"])
    return clips.region(arrays, parameters["size"], parameters["outline"])


def clips_of(video: clips.Clip, parameters: Mapping[str, Any], random: np.random.Generator | None) -> list[clips.Clip]:
    """Clips of a video: one at a random place in training (with `random`), else those of the sampling policy."""
    which = clips.stretches(len(video.grey), parameters["frames"], parameters["sampling"], random)
    return [clips.take(video, numbers) for numbers in which]


def load(folder: Path, build: Build, device: str) -> tuple[dict[str, Any], Any]:
    """The facts (model.json) and the network of a model folder."""
    facts = json.loads((folder / "model.json").read_text())
    net = build(facts["parameters"])
    networks.put_weights(net, Arrays(folder / "weights")["net"])
    return facts, net.to(device).eval()


def to_prevalence(facts: Mapping[str, Any]) -> float:
    """What to add to a logit that was trained at another share of stalled videos than there are."""
    return training_set.log_odds(facts["prevalence"]) - training_set.log_odds(facts["parameters"]["stalled_share"])


def _reader(job: TrainJob, arrays: ManyArrays) -> Callable[[int, np.random.Generator | None], list[clips.Clip]]:
    """A video's number and, in training, a random generator -> its clips. Straightened videos are made once."""

    def whole_one(number: int) -> clips.Clip:
        return whole(arrays[number], job.parameters)

    if job.parameters["view"] == "straightened":
        whole_one = StoredClips(job.work / "straightened", whole_one, len(arrays))
    return lambda number, random: clips_of(whole_one(number), job.parameters, random)


def _stages(job: TrainJob, videos: training_set.TrainingVideos, outer: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Training videos and epochs of each stage."""
    own = videos.only(outer)
    return [
        (outer[training_set.of_stage(own, stage, job.parameters["crowd_from"], job.seed)], stage["epochs"])
        for stage in job.parameters["stages"]
    ]


def _network(build: Build, job: TrainJob) -> Any:
    """A network with random weights, or with those of the model that the parameter `start_from` names."""
    import torch

    from challengeflow_clog_loss.models.networks import pretrained

    torch.manual_seed(job.seed)
    net = build(job.parameters)
    if job.parameters.get("pretrained") is not None:
        pretrained.put_into(net, job.parameters["pretrained"])
    if job.parameters["start_from"] is not None:
        folder = _start(job)
        try:
            networks.put_weights(net, Arrays(folder / "weights")["net"])
        except RuntimeError as error:
            raise InputError(
                f"start_from: the weights in {folder} do not fit this network ({str(error).splitlines()[-1].strip()}); "
                "name a model of the same kind and shape"
            ) from None
    return net


def _start(job: TrainJob) -> Path:
    """The model folder to start from: the one named, or a variant's same fold; it must not know held-out groups."""
    named = Path(job.parameters["start_from"])
    fold = named / f"fold-{'all' if job.fold is None else job.fold}"
    folder = named if (named / "model.json").exists() else fold
    if not (folder / "model.json").exists():
        raise InputError(
            f"start_from: there is no trained network in {named} nor in {fold}; name a model's folder, or a variant's "
            "with one folder a fold"
        )
    seen = set(json.loads((folder / "model.json").read_text())["groups"])
    own = {sample.group for shard in job.shards for sample in shard.samples}
    if seen - own:
        raise InputError(
            f"start_from: the model in {folder} was trained on project {min(seen - own)}, which fold {job.fold} holds "
            "out, so its scores would be too good; name a variant with the same folds"
        )
    return folder
