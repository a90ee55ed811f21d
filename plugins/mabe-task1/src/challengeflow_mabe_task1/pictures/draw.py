"""Pictures of what was scored: mistakes with their truth, ethograms, curves. They show gold, so no package has them."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from challengeflow import DrawJob, Shard
from challengeflow.arrays import Arrays
from challengeflow.scoring import write_json
from challengeflow_mabe_task1.answers.answered import file_names
from challengeflow_mabe_task1.pictures import bouts, confusion, curves, ethogram
from challengeflow_mabe_task1.scoring import score
from challengeflow_mabe_task1.scoring.metric import confusion as count
from challengeflow_mabe_task1.scoring.metric import macro_f1

MOST_ETHOGRAMS = 12
"""Sequences drawn of each split, the worst first."""

WORST, WORST_OF_ONE = 8, 2
"""Mistakes drawn of each split, and at most of one sequence."""


def draw(job: DrawJob) -> None:
    """Draw the confusion matrix, the worst mistakes, ethograms and curves of each scored split."""
    shards = [shard for shard in job.shards if shard.gold is not None]
    names = score.vocabulary_of(shards)
    scored = score.scored_classes(names, job.parameters["scored"])
    decision = json.loads(job.decision.read_text())
    entries: list[dict[str, Any]] = []
    for split in dict.fromkeys(shard.split for shard in shards):
        sequences = score.tracks(shards, split)
        if not sequences:
            continue
        cross = split == "train" and job.parameters["smoothing"]
        answers = score.cross_fitted(sequences, scored) if cross else score.answers(sequences, decision)
        entries += _Split(job, split, names, scored, sequences, answers).entries(shards)
    write_json(job.output / "pictures.json", [*entries, *curves.learning(job.members)])


class _Split:
    """The sequences of a split with their answers."""

    def __init__(
        self,
        job: DrawJob,
        split: str,
        names: Sequence[str],
        scored: Sequence[int],
        sequences: Sequence[score.Track],
        answers: Sequence[np.ndarray],
    ):
        self.output, self.split, self.names, self.scored = job.output, split, names, scored
        self.where = "out of fold" if split == "train" else f"of {split}"
        self.title = f"{job.dataset}, {split}, {job.model}"
        self.sequences, self.answers = sequences, answers
        self.tables = [count(s.scored.labels, a, len(names)) for s, a in zip(sequences, answers, strict=True)]

    def entries(self, shards: Sequence[Shard]) -> list[dict[str, Any]]:
        """Draw, and list what was drawn."""
        scores = np.concatenate([one.scored.scores for one in self.sequences])
        labels = np.concatenate([one.scored.labels for one in self.sequences])
        return [
            self._confusion(),
            *self._worst(shards),
            self._ethograms(),
            *curves.of_scores(self.where, self.names, self.scored, scores, labels),
        ]

    def _confusion(self) -> dict[str, Any]:
        total, file = np.sum(self.tables, axis=0), f"{self.split}-confusion.png"
        title = f"{self.title}: macro F1 {macro_f1(total, self.scored):.3f}"
        confusion.draw(self.output / file, title, self.names, total)
        return {
            "title": f"Confusion matrix, {self.split}",
            "caption": f"What became of the frames of each behaviour, {self.where}: share of the row, and frames.",
            "alt": "Confusion matrix of behaviours: truth in rows, answers in columns",
            "files": [file],
        }

    def _ethograms(self) -> dict[str, Any]:
        present = [[k for k in self.scored if table[k].any() or table[:, k].any()] for table in self.tables]
        each = [macro_f1(table, own) if own else 1.0 for table, own in zip(self.tables, present, strict=True)]
        files, drawn = file_names(one.id for one in self.sequences), []
        for place in np.argsort(each, kind="stable")[:MOST_ETHOGRAMS]:
            one = self.sequences[place]
            drawn.append(f"{self.split}-ethogram-{files[one.id]}.png")
            title = f"{one.id}: macro F1 {each[place]:.3f}"
            scored, path = one.scored, self.output / drawn[-1]
            ethogram.draw(path, title, self.names, scored.fps, scored.scores, self.answers[place], scored.labels)
        return {
            "title": f"Ethograms, {self.split}",
            "caption": f"Truth, answer and scores {self.where}; {len(drawn)} of {len(self.sequences)} sequences, "
            "the worst first.",
            "alt": "Ethogram: strips of behaviours over time, truth above answer, and the scores below",
            "files": drawn,
        }

    def _worst(self, shards: Sequence[Shard]) -> list[dict[str, Any]]:
        wrong = [
            (mistake, one.scored.fps)
            for one, answer in zip(self.sequences, self.answers, strict=True)
            for mistake in bouts.mistakes(one.id, one.scored.labels, answer, self.scored)
        ]
        shown: list[tuple[bouts.Mistake, np.ndarray, float]] = []
        of_one: Counter[str] = Counter()
        for mistake, fps in sorted(wrong, key=lambda pair: (pair[0].start - pair[0].stop) / pair[1]):
            if len(shown) == WORST:
                break
            if of_one[mistake.sequence] < WORST_OF_ONE and (points := _keypoints(shards, mistake.sequence)) is not None:
                shown.append((mistake, points, fps))
                of_one[mistake.sequence] += 1
        if not shown:
            return []
        file = f"{self.split}-worst-bouts.png"
        bouts.draw(self.output / file, self.names, shown)
        about = {"title": f"Worst mistakes, {self.split}", "files": [file]}
        about["caption"] = f"The longest wrong answers {self.where}, a few moments of each."
        return [about | {"alt": "Outlines of the two animals at moments of the longest wrong answers"}]


def _keypoints(shards: Sequence[Shard], name: str) -> np.ndarray | None:
    """The prepared track of a sequence, (T, 2, 2, P), or None where it could not be read."""
    for shard in shards:
        prepared = Arrays(shard.prepared)
        if name in prepared:
            return prepared[name].get("keypoints")
    return None
