"""The submission: whole numbers in the organisers' order, and a validator that names the first wrong row."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from clog_loss_small_videos import write_small_video
from PIL import Image

from challengeflow import InputError, Sample
from challengeflow.arrays import Arrays, write_scores
from challengeflow_clog_loss.answers import answer_sheets
from challengeflow_clog_loss.answers.package import validate_submission
from challengeflow_clog_loss.commands import check, regions
from challengeflow_clog_loss.scoring import calibration

EXPECTED = ["100002.mp4", "100001.mp4"]
GOOD = "filename,stalled\n100002.mp4,0\n100001.mp4,1\n"


def test_a_good_file_passes(tmp_path):
    (tmp_path / "s.csv").write_text(GOOD)
    validate_submission(tmp_path / "s.csv", EXPECTED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace(",1", ",0.93"), "line 3.*not probabilities"),
        (GOOD.replace(",0", ",0.0"), "line 2.*expected 0 or 1"),
        (GOOD.replace("\n", "\r\n"), "LF line ends"),
        (GOOD.rstrip("\n"), "LF line ends"),
        (GOOD.replace("100002", "100003"), "line 2.*expected 100002.mp4"),
        ("filename,stalled\n100001.mp4,1\n100002.mp4,0\n", "line 2.*keep the order"),
        (GOOD.replace("100001.mp4,1\n", ""), "1 videos, expected 2"),
        (GOOD + "100004.mp4,0\n", "3 videos, expected 2"),
        (GOOD.replace("stalled", "label"), "line 1"),
        (GOOD.replace("filename", "fil\u00e9name"), "plain text"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, text, message):
    (tmp_path / "s.csv").write_bytes(text.encode())
    with pytest.raises(InputError, match=message):
        validate_submission(tmp_path / "s.csv", EXPECTED)


def test_the_organisers_own_format_file_passes_the_command(real_data, tmp_path, capsys):
    metadata = real_data / "metadata"
    assert check.main([str(metadata / "submission_format.csv"), str(metadata)]) == 0
    assert "14,160 videos in order, 0 (0.0%) stalled" in capsys.readouterr().out
    lines = (metadata / "submission_format.csv").read_text().splitlines(keepends=True)
    (tmp_path / "s.csv").write_text("".join([*lines[:5000], *lines[5001:]]))
    with pytest.raises(InputError, match=r"s\.csv, line 5001: found '\d+\.mp4', expected \d+\.mp4"):
        check.main([str(tmp_path / "s.csv"), str(metadata)])


def test_written_files(demo):
    _, decision = demo.stages.score("packaged", demo.shards.values())
    output = demo.stages.package("csv", [demo.shards["test-0"]], decision)
    listed = (demo.stages.root / "index-gold" / "submission_format.csv").read_text().splitlines()
    written = (output / "submission.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in written] == [row.split(",")[0] for row in listed]
    assert {row.split(",")[1] for row in written[1:]} <= {"0", "1"}
    answers = (output / "answers.csv").read_text().splitlines()
    assert answers[0].startswith("filename,score,probability,threshold,answer,status,found_by,area,") and len(
        answers
    ) == len(listed)
    assert {path.name for path in output.iterdir()} >= {"answers.csv", "stalled-01.png", "submission.csv"}


@pytest.fixture
def strange(stages):
    """A prepared shard of small videos: one plain, one with two outlines, one without any, one that is missing."""
    raw = stages.folder("raw", "test-0")
    write_small_video(raw / "plain.mp4")
    write_small_video(raw / "twice.mp4", size=(96, 200), outlines=((20, 60, 30, 90), (20, 50, 110, 160)))
    write_small_video(raw / "none.mp4", outlines=())
    names = ("plain", "twice", "none", "missing")
    columns = [{"filename": f"{name}.mp4", "num_frames": "18", "position": str(n)} for n, name in enumerate(names)]
    samples = tuple(Sample(name, "test", name, column) for name, column in zip(names, columns, strict=True))
    return stages.preprocess("test-0", samples, labelled=False)


def drawn_in(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    """Pixels of a colour, as near as a sheet of few colours comes to it."""
    return int((np.abs(np.asarray(sheet.convert("RGB"), int) - colour).max(axis=2) < 25).sum())


def test_own_videos_get_a_table_and_annotated_sheets(stages, strange, tmp_path):
    scores = {"plain": 0.9, "twice": 0.2, "none": 0.4, "missing": 0.4}
    write_scores(tmp_path / "predictions", ((name, np.array([p], np.float32)) for name, p in scores.items()))
    (tmp_path / "decision.json").write_text('{"threshold": 0.5}')
    shard = replace(strange, predictions=tmp_path / "predictions")
    output = stages.package("answers", [shard], tmp_path / "decision.json", "/my/videos")
    with open(output / "answers.csv", newline="") as file:
        rows = {row["filename"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["plain.mp4", "twice.mp4", "none.mp4", "missing.mp4"]
    assert rows["plain.mp4"]["answer"] == "stalled" and rows["plain.mp4"]["probability"] == "0.9"
    assert 1000 < int(rows["plain.mp4"]["area"]) < 2400 and rows["plain.mp4"]["remarks"] == ""
    assert rows["twice.mp4"]["remarks"] == "2 outlines, the largest used"
    assert (rows["none.mp4"]["status"], rows["missing.mp4"]["status"]) == ("no outline found", "file missing")
    stalled, unusual = (Image.open(output / f"{name}-01.png") for name in ("stalled", "unusual"))
    assert (output / "stalled-01.png").stat().st_size < 300_000
    reddish, greenish = (drawn_in(stalled, colour) for colour in (answer_sheets.STALLED, answer_sheets.FLOWING))
    assert reddish > 100 and greenish > 300
    assert not drawn_in(unusual, answer_sheets.STALLED) and drawn_in(unusual, answer_sheets.FLOWING)


def test_no_sheets_on_request(stages, strange, tmp_path):
    write_scores(tmp_path / "predictions", ((name, np.zeros(1, np.float32)) for name in Arrays(strange.prepared)))
    (tmp_path / "decision.json").write_text('{"threshold": 0.5}')
    shard = replace(strange, predictions=tmp_path / "predictions")
    output = stages.package("answers", [shard], tmp_path / "decision.json", "/my/videos", sheets=0)
    assert sorted(path.name for path in output.iterdir()) == ["answers.csv", "warnings.txt"]


def test_the_region_report_lists_failures_with_thumbnails(stages, strange, tmp_path, capsys):
    assert regions.main([str(stages.root / "prepared"), str(tmp_path / "report")]) == 0
    told = capsys.readouterr().out
    assert "       1  no outline found" in told and "       1  file missing" in told and "       1  ok" in told
    names = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert names == ["failed-01.png", "regions.csv", "unusual-01.png"]
    failed = np.asarray(Image.open(tmp_path / "report" / "failed-01.png").convert("L"))
    first, second = failed[:100, 8:104], failed[:100, 212:308]
    assert first.std() > 20 and second[8:].max() == 0  # one has a frame to show, the missing one has not
    with open(tmp_path / "report" / "regions.csv", newline="") as file:
        assert [row["sample"] for row in csv.DictReader(file)] == ["plain", "twice", "none", "missing"]
    with pytest.raises(InputError, match="holds no prepared shards"):
        regions.main([str(tmp_path / "report"), str(tmp_path)])


def test_an_expected_number_of_stalled_videos_and_the_table_of_thresholds(stages, strange, tmp_path, capsys):
    scores = {"plain": 0.9, "twice": 0.2, "none": 0.4, "missing": 0.6}
    write_scores(tmp_path / "predictions", ((name, np.array([p], np.float32)) for name, p in scores.items()))
    decision = {
        "threshold": 0.95,
        "target_prevalence": 0.046,
        "plausible_share": [0.1, 0.4],
        "thresholds": [{"threshold": 0.5, "expected_mcc": 0.3}],
    }
    (tmp_path / "decision.json").write_text(json.dumps(decision))
    shard = replace(strange, predictions=tmp_path / "predictions")
    known = {"sheets": 0, "expected_stalled": 2}
    output = stages.package("csv", [shard], tmp_path / "decision.json", **known)
    rows = (output / "submission.csv").read_text().splitlines()[1:]
    assert rows == ["plain.mp4,1", "twice.mp4,1", "none.mp4,0", "missing.mp4,0"]
    assert (output / "thresholds.csv").read_text() == "threshold,expected_mcc,of_these_4\n0.5,0.3,1\n"
    assert "outside the plausible 10.0% to 40.0%" in capsys.readouterr().err
    warnings = (output / "warnings.txt").read_text().splitlines()
    assert warnings[0].startswith("50.0% of 4 videos are answered stalled, outside the plausible 10.0% to 40.0%")
    assert warnings[1].startswith("2 of 4 videos could not be read")
    assert "1 of 4 videos: some outlines, the largest used" in warnings


def test_score_probability_threshold_and_answer_are_on_one_scale(stages, strange, tmp_path):
    """A score of 0.9 is no probability of 0.9: calibrated, it stands beside the threshold, and never against it."""
    scores = {"plain": 0.9, "twice": 0.97, "none": 0.5, "missing": 0.99}
    write_scores(tmp_path / "predictions", ((name, np.array([p], np.float32)) for name, p in scores.items()))
    decision = {"threshold": 0.95, "target_prevalence": 0.046, "calibration": {"slope": 1.0, "intercept": -3.0}}
    (tmp_path / "decision.json").write_text(json.dumps(decision))
    shard = replace(strange, predictions=tmp_path / "predictions")
    output = stages.package("answers", [shard], tmp_path / "decision.json", "/my/videos", sheets=0)
    with open(output / "answers.csv", newline="") as file:
        rows = {row["filename"]: row for row in csv.DictReader(file)}
    found = {name: (row["score"], float(row["probability"]), row["answer"]) for name, row in rows.items()}
    assert found == {
        "plain.mp4": ("0.900000", pytest.approx(0.30944, abs=1e-5), "flowing"),
        "twice.mp4": ("0.970000", pytest.approx(0.61683, abs=1e-5), "stalled"),
        "none.mp4": ("", pytest.approx(0.046), "flowing"),
        "missing.mp4": ("", pytest.approx(0.046), "flowing"),
    }
    assert [row["threshold"] for row in rows.values()] == ["0.486113", "0.486113", "", ""]


def packaged(stages, strange, folder, scores: dict[str, float], decision: dict) -> tuple[dict[str, dict], str]:
    """The rows of answers.csv by file name, and the warnings."""
    write_scores(folder / "predictions", ((name, np.array([p], np.float32)) for name, p in scores.items()))
    (folder / "decision.json").write_text(json.dumps(decision))
    shard = replace(strange, predictions=folder / "predictions")
    output = stages.package("answers", [shard], folder / "decision.json", "/my/videos", sheets=0)
    with open(output / "answers.csv", newline="") as file:
        return {row["filename"]: row for row in csv.DictReader(file)}, (output / "warnings.txt").read_text()


def test_no_video_is_called_stalled_because_it_cannot_be_read(stages, strange, tmp_path):
    """Scores that tell all videos apart put the threshold half-way between the classes: below the prevalence, often."""
    scores = {"plain": 0.9, "twice": 0.1, "none": 0.5, "missing": 0.5}
    decision = {"threshold": 0.49, "target_prevalence": 0.046, "calibration": {"slope": 13.0, "intercept": -3.2}}
    rows, _ = packaged(stages, strange, tmp_path, scores, decision)
    assert float(rows["plain.mp4"]["threshold"]) < 0.046
    assert [row["answer"] for row in rows.values()] == ["stalled", "flowing", "flowing", "flowing"]
    assert {row["probability"] for row in rows.values() if not row["score"]} == {"0.046"}


def test_scores_that_tell_nothing_are_told(stages, strange, tmp_path):
    stalled, chance = np.arange(20) % 2 == 0, np.linspace(0, 1, 20)
    for own, scores in ((stalled, np.where(stalled, 0.2, 0.8)), (stalled, 0 * chance), (stalled | True, chance)):
        line = calibration.fit(own, scores, 0.046)
        assert line.slope == 0 and line(chance) == pytest.approx(0.046)
    decision = {"threshold": 0.5, "target_prevalence": 0.046, "calibration": {"slope": 0.0, "intercept": -3.0321}}
    rows, warnings = packaged(
        stages, strange, tmp_path, {"plain": 0.9, "twice": 0.1, "none": 0, "missing": 0}, decision
    )
    assert {(row["probability"][:5], row["threshold"]) for row in rows.values()} == {("0.046", ""), ("0.045", "")}
    assert "no labelled video shows that the model tells stalled from flowing ones" in warnings
