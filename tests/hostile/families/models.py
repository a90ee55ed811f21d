"""Models as a colleague might hand them on: with a pickle, with forged trees, damaged, or no model at all."""

import json
import pickle
import random
from functools import cache
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow.outside.pickled import pickled
from challengeflow.plain_models import boosted_trees, load, save, scaled_logistic

COUNT, SECONDS = 20, 60


class Runs:
    def __init__(self, ran: Path):
        self.ran = ran

    def __reduce__(self):
        return Path.touch, (self.ran,)


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    ran, model = folder / "ran", folder / "model"
    save(model, fitted(), prior=0.5)
    (_pickle, _number, _index, _bytes)[number % 4](model, draw, ran)
    found = list(pickled(model))
    if number % 4 == 0 and not found:
        return "a pickle was not found"
    try:
        parts, _ = load(model, "prior")
    except InputError as error:
        return f"more than one line: {error}" if "\n" in str(error) else None
    rows = np.random.default_rng(number).normal(size=(200, 6))
    for part in parts.values():
        if part.predict_proba(rows).shape not in ((200, 2), (200, 4)):
            return "a prediction has another shape"
    return "it ran" if ran.exists() else None


@cache
def fitted() -> dict:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(0).normal(size=(200, 6))
    labels = (rows[:, 0] > 0) * 2 + (rows[:, 1] > 0)
    scaler = StandardScaler().fit(rows)
    logistic = LogisticRegression().fit(scaler.transform(rows), labels > 1)
    trees = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=5).fit(rows, labels)
    return {"trees": boosted_trees(trees), "logistic": scaled_logistic(scaler, logistic, 3.0)}


def _pickle(model: Path, draw: random.Random, ran: Path) -> None:
    content = pickle.dumps(Runs(ran), draw.randrange(6))
    (model / draw.choice(["model.joblib", "index.json", "data.bin", "weights.npy", "README"])).write_bytes(content)


def _number(model: Path, draw: random.Random, ran: Path) -> None:
    content = bytearray((model / "data.bin").read_bytes())
    for _ in range(draw.choice([1, 8, 64])):
        at = 4 * draw.randrange(len(content) // 4)
        content[at : at + 4] = draw.choice([b"\xff" * 4, b"\0" * 4, draw.randbytes(4), b"\1\0\0\x80"])
    (model / "data.bin").write_bytes(content)


def _index(model: Path, draw: random.Random, ran: Path) -> None:
    entries = json.loads((model / "index.json").read_text())
    entry = entries[draw.randrange(1, len(entries))]
    what = draw.randrange(4)
    if what == 0:
        place = entry["arrays"][draw.choice(sorted(entry["arrays"]))]
        place[draw.randrange(3)] = draw.choice([-8, 1 << 62, "|O", "<f4", [1 << 40, 1 << 40], [-1], {}, None])
    elif what == 1:
        entry["attributes"][draw.choice(sorted(entry["attributes"]))] = draw.choice(
            [[], {}, -1, 1 << 70, "x", [1, 0], None, 1e999]
        )
    elif what == 2:
        del entry["arrays"][draw.choice(sorted(entry["arrays"]))]
    else:
        entries.append(entries[-1])
    (model / "index.json").write_text(json.dumps(entries))


def _bytes(model: Path, draw: random.Random, ran: Path) -> None:
    path = model / draw.choice(["index.json", "data.bin"])
    content = bytearray(path.read_bytes())
    if draw.random() < 0.3:
        content = bytearray(draw.choice([b"[" * 10**6, b"", b"{}", b"[[[[", b"null"]))
    for _ in range(draw.choice([1, 5])):
        if content:
            content[draw.randrange(len(content))] = draw.randrange(256)
    path.write_bytes(content)
