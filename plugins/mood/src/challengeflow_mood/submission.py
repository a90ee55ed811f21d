"""The package stage: maps and a table of scores, or the Docker build context; both checked first."""

import csv
import json
import tempfile
from pathlib import Path

import numpy as np

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow_mood import archive, checks, container, decision, kit, proof
from challengeflow_mood.infer import SAFE_SCORE
from challengeflow_mood.maps import write_map

COLUMNS = ("dataset", "case", "file", "score", "abnormal", "status")


def run(job: PackageJob) -> None:
    """Write the submission `job.submission` ("maps" or "docker") into `job.output`."""
    if job.submission == "docker":
        for dataset, answers in job.answers.items():
            rows = [row for row, _, _ in _cases(dataset, answers)]
            _write_rows(job.output / f"answers_{dataset}.csv", rows)
        _write_docker(job)
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
                write_map(_on_grid(scores, facts)[0], facts, folder / f"{row['case']}.nii.gz")
    _write_rows(job.output / "scores.csv", rows)
    checks.check_maps(job.output, job.answers)


def _write_docker(job: PackageJob) -> None:
    """The archive, proven, and beside it all that handing it in takes."""
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        context = Path(folder) / "context"
        container.write_context(job, context)
        package = job.output / f"mood-{job.name}.tar"
        archive.write_tar(context, package)
        kit.write(job, context, package)
    proof.run(job, package)


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


def _on_grid(scores: np.ndarray, facts: dict) -> np.ndarray:
    if list(scores.shape) != facts["shape"]:
        raise InputError(
            f"the prediction of {facts['file']} has the shape {list(scores.shape)}; expected {facts['shape']}; run predict again"
        )
    return scores


def _write_rows(path: Path, rows: list[dict]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
