"""What to look at: the digits it is most wrong about, one after the other, and how right it is when it is sure."""

import numpy as np

from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import write_json

MOST = 5


def draw(job):
    """Pictures of the out-of-fold answers."""
    wrong, sure, right = {}, [], []
    for shard in (s for s in job.shards if s.split == "train"):
        prepared, gold, predicted = Arrays(shard.prepared), Predictions(shard.gold), Predictions(shard.predictions)
        for sample in prepared.ok():
            error = abs(float(predicted[sample]) - float(gold[sample]))
            wrong[sample] = error, prepared[sample]["pixels"].reshape(8, 8)
            sure.append(abs(float(predicted[sample]) - 0.5) * 2)
            right.append(error < 0.5)
    worst = sorted(wrong, key=lambda sample: -wrong[sample][0])[:MOST]
    for sample in worst:
        (job.output / f"{sample}.svg").write_text(_svg(wrong[sample][1]))
    order = np.argsort(sure)[::-1]
    shares = np.cumsum(np.array(right, float)[order]) / np.arange(1, len(order) + 1)
    answered = np.arange(1, len(order) + 1) / len(order)
    pictures = {
        "title": "Most wrong",
        "caption": "The worst first.",
        "alt": "A digit",
        "files": [f"{s}.svg" for s in worst],
    }
    curve = {"title": "Sure and right", "caption": "Out of fold.", "x_label": "share answered", "y_label": "accuracy"}
    lines = [{"name": job.model, "x": answered.round(4).tolist(), "y": shares.round(4).tolist()}]
    write_json(job.output / "pictures.json", [pictures, curve | {"lines": lines}])


def _svg(pixels):
    squares = [
        f'<rect x="{x}" y="{y}" width="1" height="1" fill="rgb({grey},{grey},{grey})"/>'
        for (y, x), grey in np.ndenumerate((255 * (1 - pixels)).clip(0, 255).astype(int))
    ]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8" width="160">{"".join(squares)}</svg>'
