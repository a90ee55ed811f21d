"""pictures.json: what `draw` may write, and what is said of anything else."""

import json

import pytest

from challengeflow.contract.errors import ContractError
from challengeflow.running.check_pictures import check

PICTURE = {"title": "Worst", "caption": "The worst.", "alt": "a scan", "files": ["a.png"]}
LINE = {"name": "fold 0", "x": [0, 1], "y": [0.5, 1.0]}
CURVE = {"title": "Loss", "caption": "Of fold 0.", "x_label": "epoch", "y_label": "loss", "lines": [LINE]}


def written(folder, entries):
    (folder / "a.png").write_bytes(b"\x89PNG")
    (folder / "pictures.json").write_text(json.dumps(entries))
    return folder


def test_pictures_and_curves_are_fine(tmp_path):
    check(written(tmp_path, [PICTURE, PICTURE | {"opens_at": 0}, CURVE]), "pictures")


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({}, "holds a dict where a list is expected"),
        (["a.png"], "entry 0 of pictures.json is a str"),
        ([PICTURE, {"title": "x"}], "entry 1 of pictures.json has the keys title; a picture has title, caption, alt"),
        ([PICTURE | {"alt": ""}], "has '' as 'alt'; give it a str that is not empty"),
        ([PICTURE | {"files": ["b.png"]}], "names the file 'b.png', which is not there"),
        ([PICTURE | {"files": ["../a.png"]}], "expected is a name in job.output that ends in .png or .svg"),
        ([PICTURE | {"files": ["a.txt"]}], "expected is a name in job.output that ends in .png or .svg"),
        ([PICTURE | {"opens_at": 1}], "opens at 1; expected is the place of one of its 1 files, from 0 on"),
        ([CURVE | {"opens_at": 0}], "has the keys caption, lines, opens_at"),
        ([CURVE], "no entry of pictures.json shows a.png"),
        ([CURVE | {"lines": [{"name": "a"}]}], "a line has name, x and y"),
        ([CURVE | {"lines": [LINE | {"x": [0]}]}], "1 x and 2 y in the line 'fold 0'"),
        ([CURVE | {"lines": [LINE | {"y": [0, float("nan")]}]}], "something else than finite numbers"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, entries, sentence):
    with pytest.raises(ContractError) as error:
        check(written(tmp_path, entries), "pictures")
    assert sentence in str(error.value)


def test_a_huge_file_is_refused(tmp_path):
    written(tmp_path, [PICTURE])
    (tmp_path / "a.png").write_bytes(bytes(1_000_001))
    with pytest.raises(ContractError, match="draw it smaller than 1000000"):
        check(tmp_path, "pictures")
