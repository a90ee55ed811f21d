"""What the challenge and its model do."""

import numpy as np
from scipy.ndimage import find_objects, label

from challengeflow import Sample, write_samples
from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores
from challengeflow.scoring import bootstrap, write_json
from challengeflow_boats.boxes import overlap


def made(sample, seed):
    random = np.random.default_rng([seed, int(sample[1:])])
    image, boats = random.normal(0, 0.1, (32, 32)).astype(np.float32), []
    for row, column in ((0, 0), (0, 16), (16, 0), (16, 16)):
        if random.random() < 0.7 or not boats:
            top, left, high, wide = random.integers((row + 1, column + 1, 5, 5), (row + 5, column + 5, 9, 9))
            image[top : top + high, left : left + wide] += random.uniform(0.2, 1)
            boats.append([top, left, top + high, left + wide])
    return image, np.array(boats, np.float32) / 32


def download(job):
    if job.part == "index":
        names = [(f"i{i:02}", "test" if i % 3 == 2 else "train", f"day-{i}") for i in range(30)]
        write_samples(job.output, [Sample(*name) for name in names])
        np.savez(job.gold / "boats.npz", **{name[0]: made(name[0], job.seed)[1] for name in names})
    for sample in job.samples:
        np.save(job.output / f"{sample.id}.npy", made(sample.id, job.seed)[0])


def preprocess(job):
    with Writer(job.prepared) as out:
        for sample in job.samples:
            try:
                out.add(sample.id, {"status": "ok", "shape": [3, 5]}, image=np.load(job.raw / f"{sample.id}.npy"))
            except (OSError, ValueError, EOFError) as error:
                out.add(sample.id, {"status": f"cannot be read: {error}", "shape": [3, 5]})
    if job.labelled:
        boats = np.load(job.index_gold / "boats.npz")
        write_scores(job.gold, ((sample.id, boats[sample.id]) for sample in job.samples))


def train(job):
    images = [Arrays(shard.prepared) for shard in job.shards]
    level = np.mean([np.quantile(arrays[s]["image"], (0.5, 0.98)).mean() for arrays in images for s in arrays.ok()])
    np.save(job.output / "level.npy", [level, job.parameters["backwards"]])


def predict(job):
    models, prepared = [np.load(folder / "level.npy") for folder in job.models], Arrays(job.shard.prepared)

    def found(image, level, backwards):
        boxes = [[r.start, c.start, r.stop, c.stop, 32] for r, c in find_objects(label(image > level)[0])]
        boxes = np.array([box for box in boxes if (box[2] - box[0]) * (box[3] - box[1]) > 9]).reshape(-1, 5)
        return np.float32(boxes[::-1] if backwards else boxes) / 32

    def answer(sample):
        image = prepared[sample].get("image", np.zeros((32, 32)))
        return merge(job.prediction, [found(image, *model) for model in models])

    write_scores(job.output, ((sample, answer(sample)) for sample in prepared))


def score(job):
    pairs = [(Predictions(shard.gold), Predictions(shard.predictions)) for shard in job.shards]
    judged = np.array([_judged(gold[s], guess[s]) for gold, guess in pairs for s in gold])

    def f1(drawn):
        return 2 * judged[drawn, 0].sum() / judged[drawn, 1].sum()

    groups = [sample.group for shard in job.shards for sample in shard.samples]
    write_json(job.scores, {"train": {"score": f1(np.arange(len(judged)))} | bootstrap(groups, f1)})
    write_json(job.decision, {})


def _judged(boats, boxes):
    """Boats that were found, and how many boats and boxes there are."""
    hits = np.array([overlap(box, boats) >= 0.5 for box in boxes]).reshape(len(boxes), len(boats))
    return min(hits.any(axis=0).sum(), hits.any(axis=1).sum()), len(boats) + len(boxes)


def package(job):
    (answers,) = job.answers.values()
    found = [(s, boxes) for shard in answers.shards for s, boxes in Predictions(shard.predictions).items()]
    lines = [f"{s},{','.join(f'{x:.4f}' for x in box)}\n" for s, boxes in found for box in boxes]
    (job.output / "submission.csv").write_text("".join(lines))
