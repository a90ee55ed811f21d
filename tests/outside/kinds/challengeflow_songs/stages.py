"""What the challenge and its model do. A label is 0, 1 or NaN, not known; some recordings have none at all."""

import numpy as np

from challengeflow import Sample, write_samples
from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores
from challengeflow.scoring import bootstrap, write_json


def made(seed):
    """Pitches (240, 8) and birds (240, 4)."""
    random = np.random.default_rng(seed)
    birds = random.random((240, 4)) < 0.4
    pitches = np.repeat(birds, 2, axis=1) + random.normal(0, 0.8, (240, 8))
    return pitches.astype(np.float32), np.where(random.random((240, 4)) < 0.2, np.nan, birds)


def download(job):
    pitches, birds = made(job.seed)
    if job.part == "index":
        splits = ("recorded", "recorded", "public", "private")
        write_samples(job.output, [Sample(f"r{i:03}", splits[i // 10 % 4], f"tree-{i // 10}") for i in range(240)])
        np.save(job.gold / "birds.npy", birds)
    for sample in job.samples:
        np.save(job.output / f"{sample.id}.npy", pitches[int(sample.id[1:])])


def preprocess(job):
    with Writer(job.prepared) as out:
        for sample in job.samples:
            try:
                out.add(sample.id, {"status": "ok", "shape": [4]}, pitches=np.load(job.raw / f"{sample.id}.npy"))
            except (OSError, ValueError, EOFError) as error:
                out.add(sample.id, {"status": f"cannot be read: {error}", "shape": [4]})
    if job.labelled:
        birds = np.load(job.index_gold / "birds.npy")
        labelled = [sample.id for sample in job.samples if int(sample.id[1:]) % 9]
        write_scores(job.gold, ((sample, birds[int(sample[1:])]) for sample in labelled))


def train(job):
    shards = [(Arrays(shard.prepared), Predictions(shard.gold)) for shard in job.shards]
    seen = [(prepared[s]["pitches"], gold[s]) for prepared, gold in shards for s in prepared.ok() if s in gold]
    x, y = np.array([[*row, 1] for row, _ in seen], float), np.array([birds for _, birds in seen])
    weights = np.zeros((x.shape[1], y.shape[1]))
    for _ in range(job.parameters["steps"]):
        weights += 0.3 * x.T @ np.nan_to_num(y - _probability(x, weights)) / len(x)
    np.save(job.output / "weights.npy", weights)


def _probability(x, weights):
    return 1 / (1 + np.exp(-x @ weights))


def predict(job):
    models, prepared = [np.load(folder / "weights.npy") for folder in job.models], Arrays(job.shard.prepared)
    rows = ((s, np.r_[prepared[s].get("pitches", np.zeros(8)), 1]) for s in prepared)
    write_scores(
        job.output, ((s, merge(job.prediction, [np.float32(_probability(row, w)) for w in models])) for s, row in rows)
    )


def score(job):
    """Areas within each fold: models of two folds need not agree on what a score means."""
    result = {}
    for split in dict.fromkeys(shard.split for shard in job.shards):
        shards = [shard for shard in job.shards if shard.split == split]
        known = [
            (sample.group, shard.fold, gold[sample.id], guess[sample.id])
            for shard, gold, guess in ((s, Predictions(s.gold), Predictions(s.predictions)) for s in shards)
            for sample in shard.samples
            if sample.id in gold
        ]
        groups, folds, gold, guess = (np.array(each) for each in zip(*known, strict=True))

        def auc(drawn, folds=folds, gold=gold, guess=guess):
            parts = [drawn[folds[drawn] == fold] for fold in set(folds)]
            areas = [_auc(gold[part, bird], guess[part, bird]) for part in parts for bird in range(4)]
            return float(np.mean(areas))

        result[split] = {"score": auc(np.arange(len(groups)))} | bootstrap(groups, auc)
    write_json(job.scores, result)
    write_json(job.decision, {})


def _auc(gold, guess):
    with_bird, without = guess[gold == 1][:, None], guess[gold == 0]
    return ((with_bird > without).mean() + (with_bird >= without).mean()) / 2


def package(job):
    (answers,) = job.answers.values()
    found = [(s, p) for shard in answers.shards for s, p in Predictions(shard.predictions).items()]
    (job.output / "submission.csv").write_text("".join(f"{s},{','.join(f'{x:.3f}' for x in p)}\n" for s, p in found))
