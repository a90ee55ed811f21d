"""The submission file, checked as the challenge's system would check it, and a table that people read.

`submission.csv`: filename,stalled with whole numbers 0 and 1, every test video once, in the order of
submission_format.csv, LF line ends. `answers.csv`: probability, answer, reading status and region of each video.
`stalled-01.png` and so on: contact sheets of the videos, those most probably stalled first; `unusual-01.png`: of those
that could not be read, or whose region is unusual. `thresholds.csv`: what other thresholds would bring.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow_clog_loss.answers import answer_sheets
from challengeflow_clog_loss.commands import regions
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.scoring import decision_fit
from challengeflow_clog_loss.video import region_remarks

COLUMNS = ("filename", "stalled")
ANSWER_COLUMNS = ("filename", "probability", "answer", *regions.COLUMNS)


class Answer(NamedTuple):
    """What is said of one video, and where it is prepared."""

    position: int
    filename: str
    probability: float
    stalled: int
    sample: str
    prepared: Arrays

    @property
    def attributes(self) -> Mapping[str, Any]:
        return self.prepared.attributes(self.sample)


def package(job: PackageJob) -> None:
    """Write the files of the submission `job.submission` ("csv" or "answers") and check them."""
    for dataset, given in job.answers.items():
        decision = json.loads(Path(given.decision).read_text())
        answers = read_answers(given, decision["threshold"], job.parameters["expected_stalled"])
        tables.write_table(job.output / "answers.csv", ANSWER_COLUMNS, [_row(answer) for answer in answers])
        _draw(job.output, answers, job.parameters["sheets"])
        share = sum(answer.stalled for answer in answers) / max(len(answers), 1)
        job.progress.message(f"{dataset}: {share:.1%} of {len(answers)} videos answered stalled")
        low, high = decision.get("plausible_share", (0.0, 1.0))
        if not low <= share <= high:
            job.progress.message(
                f"that is outside the plausible {low:.1%} to {high:.1%}; consider score: target_prevalence, package: "
                "expected_stalled, and thresholds.csv"
            )
        if rows := decision.get("thresholds"):
            tables.write_table(job.output / "thresholds.csv", tuple(rows[0]), [tuple(row.values()) for row in rows])
        if job.submission == "csv":
            path = job.output / "submission.csv"
            tables.write_table(path, COLUMNS, [(answer.filename, answer.stalled) for answer in answers])
            validate_submission(path, [answer.filename for answer in answers])


def read_answers(given: Answers, threshold: float, expected_stalled: int | None = None) -> list[Answer]:
    """The answers of a dataset's test videos in the order the organisers list them.

    Stalled are those from `threshold` on, or, where a number is expected, the so many with the highest scores.
    """
    answers = []
    if expected_stalled is not None:
        scores = [Predictions(shard.predictions)[s.id].reshape(-1)[0] for shard in given.shards for s in shard.samples]
        threshold = decision_fit.threshold_for_count(np.array(scores, np.float64), expected_stalled)
    for shard in given.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            probability = float(predictions[sample.id].reshape(-1)[0])
            place, stalled = int(sample.columns["position"]), int(probability >= threshold)
            answers.append(Answer(place, sample.columns["filename"], probability, stalled, sample.id, prepared))
    return sorted(answers, key=lambda answer: answer.position)


def _row(answer: Answer) -> tuple[Any, ...]:
    said = ("flowing", "stalled")[answer.stalled]
    return (answer.filename, f"{answer.probability:.6f}", said, *regions.row(answer.attributes))


def _draw(folder: Path, answers: Sequence[Answer], sheets: int) -> None:
    """Up to `sheets` contact sheets of the videos most probably stalled, and as many of unusual ones."""
    most = sheets * answer_sheets.PER_SHEET
    probable = sorted(answers, key=lambda answer: -answer.probability)
    unusual = [a for a in probable if a.attributes["status"] != "ok" or region_remarks.remarks(a.attributes)]
    answer_sheets.write_sheets(folder, "stalled", [_cell(answer) for answer in probable[:most]])
    answer_sheets.write_sheets(folder, "unusual", [_cell(answer) for answer in unusual[:most]])


def _cell(answer: Answer) -> answer_sheets.Cell:
    said, colour = (("flowing", answer_sheets.FLOWING), ("stalled", answer_sheets.STALLED))[answer.stalled]
    text = (
        answer.filename,
        f"{said}, {answer.probability:.3f}",
        answer_sheets.describe(answer.attributes, region_remarks.remarks(answer.attributes)),
    )
    return answer_sheets.Cell(answer.prepared, answer.sample, text, colour)


def validate_submission(path: Path, expected: Sequence[str]) -> None:
    """Raise InputError, naming the first wrong row, unless `path` answers the videos `expected`, in order."""
    try:
        text = path.read_bytes().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as plain text ({error}); write it again with `package`") from None
    if "\r" in text or not text.endswith("\n"):
        raise InputError(f"{path} must have LF line ends, the last line too; write it again with `package`")
    header, *lines = text[:-1].split("\n")
    if header != ",".join(COLUMNS):
        raise InputError(
            f"{path}, line 1: found {header!r}, expected {','.join(COLUMNS)!r}; write it again with `package`"
        )
    for line, (row, filename) in enumerate(zip(lines, expected, strict=False), 2):
        name, _, stalled = row.partition(",")
        if name != filename:
            raise InputError(
                f"{path}, line {line}: found {name!r}, expected {filename}; keep the order of submission_format.csv"
            )
        if stalled not in ("0", "1"):
            raise InputError(
                f"{path}, line {line}: stalled is {stalled!r}, expected 0 or 1; submit answers, not probabilities"
            )
    if len(lines) != len(expected):
        raise InputError(f"{path} has {len(lines)} videos, expected {len(expected)}; every test video needs one row")
