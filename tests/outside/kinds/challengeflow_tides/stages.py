"""What the challenge and its model do."""

import json

import numpy as np

from challengeflow import Sample, write_samples
from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores
from challengeflow.scoring import bootstrap, write_json


def download(job):
    if job.part == "index":
        days = [(f"d{i:03}", "test" if i // 10 % 3 == 2 else "train", f"week-{i // 10}") for i in range(120)]
        write_samples(job.output, [Sample(*day) for day in days])
        gauges = np.random.default_rng(job.seed).normal(0, 2, (120, 3))
        heights = gauges @ [3, -2, 1] + np.random.default_rng(job.seed + 1).normal(0, 1, 120)
        write_json(job.gold / "heights.json", {day[0]: height for day, height in zip(days, heights, strict=True)})
        return
    gauges = np.random.default_rng(job.seed).normal(0, 2, (120, 3))
    for sample in job.samples:
        np.save(job.output / f"{sample.id}.npy", gauges[int(sample.id[1:])].astype(np.float32))


def preprocess(job):
    with Writer(job.prepared) as out:
        for sample in job.samples:
            try:
                out.add(sample.id, {"status": "ok", "shape": []}, gauges=np.load(job.raw / f"{sample.id}.npy"))
            except (OSError, ValueError, EOFError) as error:
                out.add(sample.id, {"status": f"cannot be read: {error}", "shape": []})
    if job.labelled:
        heights = json.loads((job.index_gold / "heights.json").read_text())
        write_scores(job.gold, ((sample.id, np.float32(heights[sample.id])) for sample in job.samples))


def train(job):
    shards = [(Arrays(shard.prepared), Predictions(shard.gold)) for shard in job.shards]
    x = np.array([prepared[s]["gauges"] for prepared, _ in shards for s in prepared.ok()], float)
    y = np.array([gold[s] for prepared, gold in shards for s in prepared.ok()], float)
    np.save(job.output / "weights.npy", np.linalg.solve(x.T @ x + job.parameters["ridge"] * np.eye(3), x.T @ y))


def predict(job):
    models, prepared = [np.load(folder / "weights.npy") for folder in job.models], Arrays(job.shard.prepared)
    rows = ((s, prepared[s].get("gauges", np.zeros(3))) for s in prepared)
    write_scores(job.output, ((s, merge(job.prediction, [np.float32(row @ w) for w in models])) for s, row in rows))


def score(job):
    shards = [(Predictions(shard.gold), Predictions(shard.predictions)) for shard in job.shards]
    errors = np.array([float(guess[s] - gold[s]) for gold, guess in shards for s in gold])
    groups = [sample.group for shard in job.shards for sample in shard.samples]

    def rmse(drawn):
        return float(np.sqrt((errors[drawn] ** 2).mean()))

    entry = {"score": rmse(np.arange(len(errors))), "metrics": {"mae": np.abs(errors).mean()}}
    write_json(job.scores, {"train": entry | bootstrap(groups, rmse)})
    write_json(job.decision, {})


def package(job):
    (answers,) = job.answers.values()
    lines = [f"{s},{p:.3f}\n" for shard in answers.shards for s, p in Predictions(shard.predictions).items()]
    (job.output / "submission.csv").write_text("day,height\n" + "".join(lines))
