"""What the challenge and its model do. A window is an hour: 24 before it are known, 6 from it on are asked."""

import numpy as np

from challengeflow import Sample, write_samples
from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores
from challengeflow.scoring import bootstrap, write_json

QUANTILES = np.array([0.1, 0.5, 0.9])
BLOCK, GAP = 240, 6  # hours of a block; hours in which the future of a window reaches into the next block


def series(seed):
    hours = np.arange(6 * BLOCK)
    return (10 + 3 * np.sin(hours * np.pi / 12) + np.random.default_rng(seed).normal(0, 0.5, len(hours))).astype(
        np.float32
    )


def download(job):
    if job.part == "index":
        write_samples(job.output, [sample for hour in range(24, 5 * BLOCK, 3) if (sample := _sample(hour))])
        np.save(job.gold / "series.npy", series(job.seed))
    for sample in job.samples:
        np.save(job.output / f"{sample.id}.npy", series(job.seed)[int(sample.id[1:]) - 24 : int(sample.id[1:])])


def _sample(hour):
    """Block 0 is for training alone, 1 to 3 are folds, 4 is the test; a fold's training sees what ended before it."""
    block = hour // BLOCK
    if block == 4:
        return Sample(f"h{hour:04}", "test", "block 4")
    unseen = [fold for fold in range(3) if fold + 1 < block or (fold == block and hour + GAP > (block + 1) * BLOCK)]
    return Sample(f"h{hour:04}", "train", f"block {block}", {}, block - 1 if block else None, tuple(unseen))


def preprocess(job):
    with Writer(job.prepared) as out:
        for sample in job.samples:
            try:
                out.add(sample.id, {"status": "ok", "shape": [6, 3]}, past=np.load(job.raw / f"{sample.id}.npy"))
            except (OSError, ValueError, EOFError) as error:
                out.add(sample.id, {"status": f"cannot be read: {error}", "shape": [6, 3]})
    if job.labelled:
        loads, starts = np.load(job.index_gold / "series.npy"), {s.id: int(s.id[1:]) for s in job.samples}
        write_scores(job.gold, ((s, loads[start : start + 6]) for s, start in starts.items()))


def train(job):
    shards = [(Arrays(shard.prepared), Predictions(shard.gold)) for shard in job.shards]
    x = np.array([_row(prepared[s]["past"], job) for prepared, _ in shards for s in prepared.ok()])
    y = np.array([gold[s] for prepared, gold in shards for s in prepared.ok()], float)
    weights = np.linalg.lstsq(x, y, rcond=1e-6)[0]
    missed = np.quantile(y - x @ weights, QUANTILES, axis=0).T
    np.savez(job.output / "model.npz", weights=weights, missed=missed)


def _row(past, job):
    return np.r_[past[-job.parameters["hours"] :], 1.0]


def predict(job):
    models = [dict(np.load(folder / "model.npz")) for folder in job.models]
    prepared = Arrays(job.shard.prepared)

    def answer(sample):
        row = _row(prepared[sample].get("past", np.zeros(24)), job)
        return merge(job.prediction, [np.float32((row @ m["weights"])[:, None] + m["missed"]) for m in models])

    write_scores(job.output, ((sample, answer(sample)) for sample in prepared))


def perfect(gold):
    return np.repeat(gold[:, None], len(QUANTILES), axis=1)


def score(job):
    shards = [(Predictions(shard.gold), Predictions(shard.predictions)) for shard in job.shards]
    short = [gold[s][:, None] - guess[s].astype(float) for gold, guess in shards for s in gold]
    losses = np.maximum(QUANTILES * short, (QUANTILES - 1) * short).mean(axis=(1, 2))
    days = [int(sample.id[1:]) // 24 for shard in job.shards for sample in shard.samples]
    write_json(job.scores, {"train": {"score": losses.mean()} | bootstrap(days, lambda drawn: losses[drawn].mean())})
    write_json(job.decision, {})


def package(job):
    (answers,) = job.answers.values()
    rows = (
        (s, hour, row)
        for shard in answers.shards
        for s, p in Predictions(shard.predictions).items()
        for hour, row in enumerate(p)
    )
    lines = [f"{s},{hour},{','.join(f'{x:.3f}' for x in row)}\n" for s, hour, row in rows]
    (job.output / "submission.csv").write_text("".join(lines))
