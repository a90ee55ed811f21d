"""What is noted of the samples that models were trained on, and how new ones are told to differ."""

from pathlib import Path

import pytest

from challengeflow.arrays import Writer
from challengeflow.models.profile import profile, unlike

MEANINGS = {"fps": "frames a second"}


def shard(folder: Path, *attributes: dict) -> Path:
    with Writer(folder) as out:
        for number, each in enumerate(attributes):
            out.add(f"s{number}", {"status": "ok", "shape": [1], **each})
    return folder


@pytest.fixture
def trained(tmp_path) -> dict:
    seen = [
        {
            "file": f"person-{n}.mp4",
            "fps": 30,
            "size": [384, 512],
            "frames": 20 + n,
            "parts": ["nose", "tail"],
            "zero": 0,
        }
        for n in range(8)
    ]
    broken = {"status": "file damaged", "fps": 1}
    return profile([shard(tmp_path / "a", *seen[:4]), shard(tmp_path / "b", *seen[4:], broken)])


def test_ranges_and_what_many_share_are_noted_and_no_sample(trained):
    assert trained["samples"] == 8
    numbers = {"fps": [30, 30], "frames": [20, 27], "size.0": [384, 384], "size.1": [512, 512], "zero": [0, 0]}
    assert trained["numbers"] == numbers
    assert trained["texts"] == {"parts": ['["nose", "tail"]']}


def test_what_is_far_from_all_of_them_is_told(trained, tmp_path):
    alike = {"file": "x", "fps": 31, "size": [384, 512], "frames": 15, "parts": ["nose", "tail"], "zero": 5, "new": 1}
    others = {"fps": 25, "size": [384, 500], "frames": 300, "parts": ["snout"]}
    found = unlike(trained, [shard(tmp_path / "own", alike, alike | others, alike | {"fps": 60})], MEANINGS)
    assert found == [
        "2 of 3 samples have fps (frames a second) 25, 60; the models were trained on 30",
        "1 of 3 samples have frames 300; the models were trained on 20 to 27",
        '1 of 3 samples have parts ["snout"]; the models were trained on ["nose", "tail"]',
    ]


def test_a_kind_of_value_that_never_occurred_is_told(trained, tmp_path):
    assert unlike(trained, [shard(tmp_path / "own", {"fps": None})], {}) == []
    scaled = profile([shard(tmp_path / "no-scale", *[{"scale": None}] * 4)])
    (told,) = unlike(scaled, [shard(tmp_path / "scale", {"scale": 11.5})], {})
    assert told == "1 of 1 samples have scale 11.5; the models were trained on null"
