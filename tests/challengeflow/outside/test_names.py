"""Names from outside: anything goes in, only what prints comes out, and nothing is lost."""

import os
from pathlib import Path

import pytest

from challengeflow.outside.names import LONGEST, ids, meant, short, spelled

ODD = [
    b"a\rb",
    b"\xff\xfe",
    b"100%",
    b"100%41",
    b"%",
    b"%%25",
    b"a\nb",
    b"=1+2",
    b"-rf",
    "ä‮x".encode(),
    b"\x1b[31m",
    b"caf\xe9",
    "日本".encode(),
]


@pytest.mark.parametrize("name", [os.fsdecode(name) for name in ODD])
def test_names_come_back(name):
    assert spelled(name).isprintable() and meant(spelled(name)) == name
    spelled(name).encode()
    assert not spelled(name).startswith(tuple("=+-@"))


def test_ordinary_names_stay():
    for name in ("mouse 1 (b).csv", "a'b\"c;d", "100% sure", "Mäuse.h5"):
        assert spelled(name) == name


def test_files_that_differ_in_the_ending_alone_have_ids_of_their_own():
    found = ids(map(Path, ["a.mp4", "a.MP4", "b.mp4", os.fsdecode(b"\xff.mp4")]))
    assert list(found) == ["a.mp4", "a.MP4", "b", "%FF"]


def test_long_names_are_shortened_apart():
    one, two = short("x" * 300 + "1"), short("x" * 300 + "2")
    assert one != two and len(one) <= LONGEST and short("x" * LONGEST) == "x" * LONGEST
