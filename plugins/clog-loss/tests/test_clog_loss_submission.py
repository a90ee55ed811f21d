"""The submission: whole numbers in the organisers' order, and a validator that names the first wrong row."""

import pytest

from challengeflow import InputError
from challengeflow_clog_loss.submission import validate_submission

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


def test_written_files(demo):
    _, decision = demo.stages.score("packaged", demo.shards.values())
    output = demo.stages.package("csv", [demo.shards["test-0"]], decision)
    listed = (demo.stages.root / "index-gold" / "submission_format.csv").read_text().splitlines()
    written = (output / "submission.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in written] == [row.split(",")[0] for row in listed]
    assert {row.split(",")[1] for row in written[1:]} == {"0", "1"}
    answers = (output / "answers.csv").read_text().splitlines()
    assert answers[0] == "filename,probability,answer,status" and len(answers) == len(listed)
