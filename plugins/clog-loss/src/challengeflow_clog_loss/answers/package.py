"""The submission file, checked as the challenge's system would check it, and a table that people read.

`submission.csv`: filename,stalled with whole numbers 0 and 1, every test video once, in the order of
submission_format.csv, LF line ends. `answers.csv`: the model's score, the calibrated probability of a stalled vessel,
the threshold on the same scale, the answer, reading status and region of each video. `warnings.txt`: what to know
before trusting the answers, a sentence a line. `stalled-01.png` and so on: contact sheets of the videos, those most
probably stalled first; `unusual-01.png`: of those that could not be read, or whose region is unusual. `thresholds.csv`:
what other thresholds would bring.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow_clog_loss.answers import answer_sheets
from challengeflow_clog_loss.commands import regions
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.scoring import decision_fit
from challengeflow_clog_loss.scoring.calibration import Calibration
from challengeflow_clog_loss.video import region_remarks

COLUMNS = ("filename", "stalled")
ANSWER_COLUMNS = ("filename", "score", "probability", "threshold", "answer", *regions.COLUMNS)
WARNINGS = "warnings.txt"


class Answer(NamedTuple):
    """What is said of one video, and where it is prepared.

    score: the model's, None where the video could not be read; probability and threshold: calibrated, on one scale.
    threshold: None where none was applied: of a video that could not be read, or where scores tell nothing.
    """

    position: int
    filename: str
    score: float | None
    probability: float
    threshold: float | None
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
        answers = read_answers(given, decision, job.parameters["expected_stalled"])
        tables.write_table(job.output / "answers.csv", ANSWER_COLUMNS, [_row(answer) for answer in answers])
        _draw(job.output, answers, job.parameters["sheets"])
        share = sum(answer.stalled for answer in answers) / max(len(answers), 1)
        job.progress.message(f"{dataset}: {share:.1%} of {len(answers)} videos answered stalled")
        if warnings := list(_warnings(answers, share, decision)):
            (job.output / WARNINGS).write_text("".join(f"{each}\n" for each in warnings))
            for each in warnings:
                job.progress.message(each)
        if rows := decision.get("thresholds"):
            _write_thresholds(job.output / "thresholds.csv", rows, answers)
        if job.submission == "csv":
            path = job.output / "submission.csv"
            tables.write_table(path, COLUMNS, [(answer.filename, answer.stalled) for answer in answers])
            validate_submission(path, [answer.filename for answer in answers])


def read_answers(given: Answers, decision: Mapping[str, Any], expected_stalled: int | None = None) -> list[Answer]:
    """The answers of a dataset's test videos in the order the organisers list them.

    Stalled are those from the decision's threshold on, or, where a number is expected, the so many with the highest
    scores. A video that could not be read has the target prevalence as its probability, and is answered as most are.
    """
    calibrated = Calibration(**decision["calibration"]) if "calibration" in decision else np.asarray
    scores: dict[tuple[str, str], float] = {}
    for shard in given.shards:
        predictions = Predictions(shard.predictions)
        readable = Arrays(shard.prepared).ok()
        scores |= {(shard.name, sample): float(predictions[sample].reshape(-1)[0]) for sample in readable}
    threshold = decision["threshold"]
    if expected_stalled is not None and scores:
        threshold = decision_fit.threshold_for_count(np.array(list(scores.values())), expected_stalled)
    cut = float(calibrated(threshold)) if _tells(decision) else None
    answers = []
    for shard in given.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            place, filename, where = (
                int(sample.columns["position"] or 0),
                sample.columns["filename"],
                (sample.id, prepared),
            )
            score = scores.get((shard.name, sample.id))
            if score is None:
                known = decision.get("target_prevalence")
                probability = float(predictions[sample.id].reshape(-1)[0]) if known is None else float(known)
                answers.append(Answer(place, filename, None, probability, None, int(probability > 0.5), *where))
            else:
                probability, stalled = float(calibrated(score)), int(score >= threshold)
                answers.append(Answer(place, filename, score, probability, cut, stalled, *where))
    return sorted(answers, key=lambda answer: (answer.position, answer.filename))


def _tells(decision: Mapping[str, Any]) -> bool:
    """Whether the model's scores rank labelled videos at all; else all have one probability."""
    return bool(decision.get("calibration", {}).get("slope", 1.0))


def _warnings(answers: Sequence[Answer], share: float, decision: Mapping[str, Any]) -> Iterator[str]:
    """What to know of the answers: an implausible share of stalled ones, and what is unusual about the videos."""
    low, high = decision.get("plausible_share", (0.0, 1.0))
    if not low <= share <= high:
        yield (
            f"{share:.1%} of {len(answers)} videos are answered stalled, outside the plausible {low:.1%} to "
            f"{high:.1%}; consider score: target_prevalence, package: expected_stalled, and thresholds.csv"
        )
    if not _tells(decision):
        yield (
            "no labelled video shows that the model tells stalled from flowing ones: every probability is the target "
            "prevalence, and the answers mean nothing; use another model, or more labelled videos of both kinds"
        )
    unread = sum(answer.score is None for answer in answers)
    if unread:
        yield f"{unread} of {len(answers)} videos could not be read; answers.csv and unusual-01.png say why"
    said = Counter(_kind(each) for answer in answers for each in region_remarks.remarks(answer.attributes))
    for remark, count in said.most_common():
        yield f"{count} of {len(answers)} videos: {remark}"


def _kind(remark: str) -> str:
    """A remark without its figures, so that those of many videos count as one."""
    return re.sub(r"\d+(\.\d+)?%?", "some", remark)


def _write_thresholds(path: Path, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]) -> None:
    """What other thresholds would bring, and how many of these very videos they would call stalled."""
    scores = np.array([answer.score for answer in answers if answer.score is not None])
    counted = [(*row.values(), int((scores >= row["threshold"]).sum())) for row in rows]
    tables.write_table(path, (*rows[0], f"of_these_{len(answers)}"), counted)


def _row(answer: Answer) -> tuple[Any, ...]:
    score = "" if answer.score is None else f"{answer.score:.6f}"
    threshold = "" if answer.threshold is None else f"{answer.threshold:.6g}"
    return (
        answer.filename,
        score,
        f"{answer.probability:.6g}",
        threshold,
        _said(answer),
        *regions.row(answer.attributes),
    )


def _said(answer: Answer) -> str:
    return ("flowing", "stalled")[answer.stalled]


def _draw(folder: Path, answers: Sequence[Answer], sheets: int) -> None:
    """Up to `sheets` contact sheets of the videos most probably stalled, and as many of unusual ones."""
    most = sheets * answer_sheets.PER_SHEET
    probable = sorted(answers, key=lambda answer: -answer.probability)
    unusual = [a for a in probable if a.attributes["status"] != "ok" or region_remarks.remarks(a.attributes)]
    answer_sheets.write_sheets(folder, "stalled", [_cell(answer) for answer in probable[:most]])
    answer_sheets.write_sheets(folder, "unusual", [_cell(answer) for answer in unusual[:most]])


def _cell(answer: Answer) -> answer_sheets.Cell:
    colour = (answer_sheets.FLOWING, answer_sheets.STALLED)[answer.stalled]
    text = (
        answer.filename,
        f"{_said(answer)}, {answer.probability:.3g}" + (f" (from {answer.threshold:.3g})" if answer.threshold else ""),
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
