"""The package stage: maps with tables of scores and findings, or the archive of the docker submission; both checked
first.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import write_json
from challengeflow.tables import write_table
from challengeflow_mood.answers import check_answers
from challengeflow_mood.answers.findings import findings, write_findings
from challengeflow_mood.answers.maps import case_score, write_map
from challengeflow_mood.docker import archive, build_context, handing_in, prove_archive
from challengeflow_mood.docker.infer import SAFE_SCORE
from challengeflow_mood.models import whole_scan
from challengeflow_mood.pictures import answered
from challengeflow_mood.scoring import decision

COLUMNS = ("dataset", "case", "file", "score", "abnormal", "alarm", "map_score", "map_voxels", "whole", "status")
PICTURES = 8  # of the scans with the highest scores


def package(job: PackageJob) -> None:
    """Write the submission `job.submission` ("maps" or "docker") into `job.output`."""
    if job.submission == "docker":
        _write_docker(job)
    elif job.submission == "maps":
        _write_maps(job)
    else:
        raise InputError(f"mood has no submission {job.submission!r}; expected 'docker' or 'maps'")


def _write_maps(job: PackageJob) -> None:
    """A map of each readable scan, scores.csv, findings.csv, and operating_point.json: what the answers are worth.

    pictures/: the scans with the highest scores.
    """
    rows: list[dict[str, Any]] = []
    found, operating = [], {}
    (job.output / "maps").mkdir()
    for dataset, answers in job.answers.items():
        operating[dataset] = json.loads(answers.decision.read_text())
        for row, scores, facts in job.progress(_cases(dataset, answers), "map"):
            rows.append(row)
            if facts["status"] == "ok":
                values = _on_grid(scores, facts)[0]
                write_map(values, facts, job.output / "maps" / f"{row['case']}.nii.gz")
                found += findings(
                    dataset, row["case"], values, facts, operating[dataset]["finding"], bool(row["whole"])
                )
    _write_rows(job.output / "scores.csv", rows)
    write_findings(job.output / "findings.csv", found)
    write_json(job.output / "operating_point.json", operating)
    _draw(job, rows)
    check_answers.check_maps(job.output, job.answers)


def _draw(job: PackageJob, rows: list[dict[str, Any]]) -> None:
    """Pictures of the readable scans with the highest scores, numbered from the highest down."""
    readable = [row for row in rows if row["status"] == "ok"]
    highest = sorted(readable, key=lambda row: (-float(row["score"]), row["case"]))[:PICTURES]
    for number, row in enumerate(highest, 1):
        (job.output / "pictures").mkdir(exist_ok=True)
        for shard in job.answers[row["dataset"]].shards:
            if row["case"] in {sample.id for sample in shard.samples}:
                volume, scores = Arrays(shard.prepared)[row["case"]]["volume"], Predictions(shard.predictions)
                path = job.output / "pictures" / f"{number:02d}-{row['case']}.png"
                answered.draw(path, volume, scores[row["case"]][0], row)


def _write_docker(job: PackageJob) -> None:
    """The archive, proven, and beside it all that handing it in takes."""
    for dataset, answers in job.answers.items():
        _write_rows(job.output / f"answers_{dataset}.csv", [row for row, _, _ in _cases(dataset, answers)])
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        context = Path(folder) / "context"
        build_context.write_context(job.answers, context)
        package = job.output / f"mood-{job.name}.tar"
        archive.write_tar(context, package)
        handing_in.write(job, context, package)
    prove_archive.prove(job, package)


def _cases(dataset: str, answers: Answers) -> Iterator[tuple[dict[str, Any], np.ndarray, dict[str, Any]]]:
    """Each test case in order: its row of the table, its map on the prepared grid, and its facts."""
    chosen = json.loads(answers.decision.read_text())
    folders = [folder for member in answers.members for folder in member.models]
    known = [model for model in map(whole_scan.read, folders) if model is not None]
    for shard in answers.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            facts, scores = prepared.attributes(sample.id), predictions[sample.id]
            value, raw, voxels, whole = SAFE_SCORE, 0.0, 0, ""
            if facts["status"] == "ok":
                raw, voxels = case_score(_on_grid(scores, facts)[0], facts), decision.voxels_behind(facts)
                value = decision.probability(chosen, raw)
                arrays = prepared[sample.id]
                whole = next(filter(None, (whole_scan.foreign(model, arrays, facts) for model in known)), "")
            row = (
                dataset,
                sample.id,
                sample.columns["file"],
                repr(value),
                int(value >= chosen["threshold"]) if chosen["calibrated"] else "",
                int(raw >= chosen["alarm"]["score"]),
                repr(raw),
                voxels,
                whole,
                facts["status"],
            )
            yield dict(zip(COLUMNS, row, strict=True)), scores, facts


def _on_grid(scores: np.ndarray, facts: dict) -> np.ndarray:
    if list(scores.shape) != facts["shape"]:
        raise InputError(
            f"the prediction of {facts['file']} has the shape {list(scores.shape)}; expected {facts['shape']}; run "
            "predict again"
        )
    return scores


def _write_rows(path: Path, rows: list[dict]) -> None:
    write_table(path, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
