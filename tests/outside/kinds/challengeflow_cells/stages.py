"""What the challenge and its model do. Classes: 0 background, 1 cell, 2 nucleus."""

import numpy as np

from challengeflow import Sample, write_samples
from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores
from challengeflow.scoring import bootstrap, write_json


def made(sample, seed):
    """An image of its own size and its mask."""
    random = np.random.default_rng([seed, int(sample[1:])])
    rows, columns = random.integers(20, 40, 2)
    far = np.hypot(np.arange(rows)[:, None] - rows / 2, np.arange(columns) - columns / 2) / rows
    mask = np.select([far < 0.15, far < 0.35], [2, 1], 0).astype(np.uint8)
    return (mask + random.normal(0, 0.3, mask.shape)).astype(np.float32), mask


def download(job):
    if job.part == "index":
        names = [(f"i{i:02}", "test" if i % 3 == 2 else "train", f"plate-{i}") for i in range(30)]
        write_samples(job.output, [Sample(*name) for name in names])
        np.savez(job.gold / "masks.npz", **{name[0]: made(name[0], job.seed)[1] for name in names})
    for sample in job.samples:
        np.save(job.output / f"{sample.id}.npy", made(sample.id, job.seed)[0])


def preprocess(job):
    with Writer(job.prepared) as out:
        for sample in job.samples:
            try:
                image = np.load(job.raw / f"{sample.id}.npy")
                out.add(sample.id, {"status": "ok", "shape": image.shape}, image=image)
            except (OSError, ValueError, EOFError) as error:
                out.add(sample.id, {"status": f"cannot be read: {error}", "shape": [1, 1]})
    if job.labelled:
        masks, prepared = np.load(job.index_gold / "masks.npz"), Arrays(job.prepared)
        write_scores(job.gold, ((s, masks[s]) for s in prepared.ok()))


def train(job):
    shards = [(Arrays(shard.prepared), Predictions(shard.gold)) for shard in job.shards]
    seen = [(prepared[s]["image"], gold[s]) for prepared, gold in shards for s in prepared.ok()]
    means = [np.mean(np.concatenate([image[mask == label] for image, mask in seen])) for label in range(3)]
    np.save(job.output / "means.npy", np.array(means) - job.parameters["shift"])


def predict(job):
    models, prepared = [np.load(folder / "means.npy") for folder in job.models], Arrays(job.shard.prepared)

    def labels(sample):
        image = prepared[sample].get("image", np.zeros(prepared.attributes(sample)["shape"]))
        each = [np.abs(image[..., None] - means).argmin(-1).astype(np.uint8) for means in models]
        return merge(job.prediction, each)

    write_scores(job.output, ((sample, labels(sample)) for sample in prepared))


def score(job):
    result = {}
    for split in dict.fromkeys(shard.split for shard in job.shards):
        shards = [shard for shard in job.shards if shard.split == split]
        pairs = [(Predictions(s.gold), Predictions(s.predictions)) for s in shards]
        counts = np.array([_counts(gold[s], guess[s]) for gold, guess in pairs for s in gold])
        groups = [sample.group for shard in shards for sample in shard.samples]
        result[split] = {"score": _iou(counts)} | bootstrap(groups, lambda drawn, c=counts: _iou(c[drawn]))
    write_json(job.scores, result)
    write_json(job.decision, {})


def _counts(gold, guess):
    return [[np.sum((gold == k) & (guess == k)), np.sum((gold == k) | (guess == k))] for k in (1, 2)]


def _iou(counts):
    both, either = counts.sum(axis=0).T
    return float((both / either).mean())


def package(job):
    (answers,) = job.answers.values()
    with open(job.output / "submission.csv", "w") as file:
        for sample, mask in ((s, m) for shard in answers.shards for s, m in Predictions(shard.predictions).items()):
            for label in (1, 2):
                edges = np.flatnonzero(np.diff(np.r_[0, mask.ravel() == label, 0]))
                runs = " ".join(f"{start} {end - start}" for start, end in edges.reshape(-1, 2))
                file.write(f"{sample},{label},{runs}\n")
