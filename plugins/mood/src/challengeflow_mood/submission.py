"""The package stage: maps and a table of scores, or the Docker build context; both checked first."""

import csv
import json
from pathlib import Path

import numpy as np

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow_mood import alignment, checks, container, decision
from challengeflow_mood.infer import SAFE_SCORE, write_map

COLUMNS = ("dataset", "case", "file", "score", "abnormal", "status")


def run(job: PackageJob) -> None:
    """Write the submission `job.submission` ("maps" or "docker") into `job.output`."""
    if job.submission == "docker":
        for dataset, answers in job.answers.items():
            rows = [row for row, _, _ in _cases(dataset, answers)]
            _write_rows(job.output / f"answers_{dataset}.csv", rows)
        container.write(job)
        return
    if job.submission != "maps":
        raise InputError(f"mood has no submission {job.submission!r}; expected 'docker' or 'maps'")
    rows = []
    folder = job.output / "maps"
    folder.mkdir()
    for dataset, answers in job.answers.items():
        for row, scores, facts in job.progress(_cases(dataset, answers), "map"):
            rows.append(row)
            if facts["status"] == "ok":
                write_map(_on_scan(scores, facts), facts, folder / f"{row['case']}.nii.gz")
    _write_rows(job.output / "scores.csv", rows)
    checks.check_maps(job.output, job.answers)


def _cases(dataset: str, answers: Answers):
    """Each test case in order: its row of the table, its map on the prepared grid, and its facts."""
    chosen = json.loads(answers.decision.read_text())
    for shard in answers.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            facts, scores = prepared.attributes(sample.id), predictions[sample.id]
            value = SAFE_SCORE
            if facts["status"] == "ok":
                value = decision.probability(chosen, decision.sample_score(scores))
            row = (
                dataset,
                sample.id,
                sample.columns["file"],
                repr(value),
                int(value >= chosen["threshold"]),
                facts["status"],
            )
            yield dict(zip(COLUMNS, row, strict=True)), scores, facts


def _on_scan(scores: np.ndarray, facts: dict) -> np.ndarray:
    """The map on the scan's own grid: brought back from the prepared grid, unless it is there already."""
    if list(scores.shape) == facts["shape"]:
        return alignment.to_scan(scores[0], facts["mapping"])
    if list(scores.shape) == facts["original"]:
        return np.asarray(scores, np.float32)
    raise InputError(
        f"the prediction of {facts['file']} has the shape {list(scores.shape)}; expected {facts['shape']}, "
        f"or the scan's own {facts['original']}; run predict again"
    )


def _write_rows(path: Path, rows: list[dict]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
