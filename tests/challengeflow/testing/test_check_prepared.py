"""What a challenge says of its prepared arrays is held against what is there, and shown to who writes a model."""

from dataclasses import replace

import numpy as np
import pytest
from digits import challengeflow_digits

from challengeflow import PreparedArray
from challengeflow.arrays import Writer
from challengeflow.reporting.show import prepared_lines
from challengeflow.testing.check_prepared import complaints

FRAMES = {"frames": "sample"}
DECLARED = (
    PreparedArray(name="track", meaning="where it is", axes={**FRAMES, "x, y": 2}, unit="cm"),
    PreparedArray(name="sound", meaning="how loud it is", axes=FRAMES, dtype="int16", optional=True),
    PreparedArray(name="name", meaning="who it is", axes={"letters": "dataset"}, dtype="str"),
)
CHALLENGE = replace(challengeflow_digits.challenges()[0], prepared=DECLARED, attributes={"fps": "frames a second"})
TRACK, NAME = np.zeros((5, 2), np.float32), np.array(["a", "b"])


def said(folder, *samples, challenge=CHALLENGE):
    with Writer(folder) as out:
        for number, (attributes, arrays) in enumerate(samples):
            out.add(f"s{number}", {"status": "ok", "shape": []} | attributes, **arrays)
    return list(complaints(challenge, "d", [folder]))


def test_what_is_as_declared_is_fine(tmp_path):
    whole = {"track": TRACK, "sound": np.zeros(5, np.int16), "name": NAME}
    assert not said(tmp_path, ({"fps": 30}, whole), ({}, {"track": TRACK[:3], "name": NAME}), ({"status": "gone"}, {}))


@pytest.mark.parametrize(
    ("attributes", "arrays", "sentence"),
    [
        ({"speed": 1}, {}, "has an attribute 'speed', which Challenge.attributes does not explain"),
        ({}, {"more": NAME}, "has an array 'more', which Challenge.prepared does not declare"),
        ({}, {"track": TRACK.astype(float)}, "'track' is float64; Challenge.prepared says float32"),
        (
            {},
            {"track": TRACK[:, :1]},
            "has the shape (5, 1); Challenge.prepared says frames (sample) x x, y (2)",
        ),
        ({}, {"sound": np.zeros(4, np.int16)}, "'sound' has the shape (4,)"),  # frames are 5 in this sample
        ({}, {"name": np.array(["a"])}, "'name' has the shape (1,)"),  # letters are 2 in this dataset
        ({}, {"track": None}, "lacks the array 'track'; declare it optional, or write it"),
    ],
)
def test_what_is_not_is_said(tmp_path, attributes, arrays, sentence):
    good = ({}, {"track": TRACK, "name": NAME})
    changed = {name: values for name, values in (good[1] | arrays).items() if values is not None}
    found = said(tmp_path, good, (attributes, changed))
    assert len(found) == 1 and sentence in found[0], found


def test_a_challenge_that_declares_nothing_is_told_so(tmp_path):
    (found,) = said(tmp_path, challenge=replace(CHALLENGE, prepared=()))
    assert "Challenge.prepared is empty" in found


def test_it_is_shown_in_lines():
    assert prepared_lines(CHALLENGE)[1:] == [
        "sound: int16, frames (sample). how loud it is (not in every sample)",
        "name: str, letters (dataset). who it is",
        "attribute fps: frames a second",
    ]
