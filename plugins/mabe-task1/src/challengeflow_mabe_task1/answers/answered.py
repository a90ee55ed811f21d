"""The test sequences with their answers: what every table, export and picture of a package is made from."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from challengeflow import Answers, InputError, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow_mabe_task1.data.layouts import background
from challengeflow_mabe_task1.formats.bouts import Bout, runs
from challengeflow_mabe_task1.scoring.decoding import decode_all


@dataclass(frozen=True)
class Answered:
    """One sequence: class numbers `labels` (T,) int16, what it was prepared with, and where its arrays are."""

    id: str
    labels: np.ndarray
    attributes: dict[str, Any]
    shard: Shard

    @property
    def frames(self) -> int:
        return len(self.labels)

    @property
    def fps(self) -> float:
        return self.attributes["fps"]

    @property
    def first(self) -> int:
        """The frame of the video that the first label is of."""
        return self.attributes.get("first_frame", 0)

    @property
    def behaviours(self) -> list[str]:
        """The vocabulary without the background."""
        names = self.attributes["vocabulary"]
        return [name for k, name in enumerate(names) if k != background(names)]

    def bouts(self, shortest: float = 0.0, background_too: bool = False) -> list[Bout]:
        """Bouts of at least `shortest` seconds, in frames of the video; the background only where asked for."""
        names = self.attributes["vocabulary"]
        rest = None if background_too else background(names)
        found = (Bout(names[k], self.first + a, self.first + b) for k, a, b in runs(self.labels) if k != rest)
        return [bout for bout in found if (bout.stop - bout.start) / self.fps >= shortest]


def decision_of(answers: Answers) -> dict[str, Any]:
    """The decision that turns scores into answers."""
    return json.loads(answers.decision.read_text())


def answered(answers: Answers) -> list[Answered]:
    """The test sequences in the order of the test file.

    Raises InputError where they have other behaviours than the decision.
    """
    decision = decision_of(answers)
    places = [(sample, shard) for shard in answers.shards for sample in shard.samples]
    places.sort(key=lambda place: (int(place[0].columns["position"] or 0), place[0].id))
    found = []
    for sample, shard in places:
        attributes = Arrays(shard.prepared).attributes(sample.id)
        if attributes["vocabulary"] != decision["vocabulary"]:
            raise InputError(
                f"sequence {sample.id} has the behaviours {attributes['vocabulary']}, the decision "
                f"{decision['vocabulary']}; set the preprocess parameter 'vocabulary' to the latter"
            )
        nothing = np.full(attributes["shape"][0], background(decision["vocabulary"]), np.int16)
        found.append(Answered(sample.id, nothing, attributes, shard))
    readable = [one for one in found if one.attributes["status"] == "ok"]
    if not readable:
        return found
    scores = [Predictions(one.shard.predictions)[one.id] for one in readable]
    decoded = decode_all(scores, [decision] * len(readable), [one.fps for one in readable])
    labels = {one.id: own for one, own in zip(readable, decoded, strict=True)}
    return [replace(one, labels=labels.get(one.id, one.labels)) for one in found]


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """Sequence id -> a name for its files: without path signs, numbered where two ids would give the same, also on a
    disk that takes M1 for m1.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for number, own in enumerate(ids):
        name = re.sub(r"[^\w.-]+", "_", own)
        while name.casefold() in taken:
            name = f"{name}-{number}"
        taken.add(name.casefold())
        names[own] = name
    return names
