"""`challengeflow inspect mabe-task1`: what is understood of a lab's folder, as text and as JSON."""

import json

import pytest

from challengeflow.cli import main


@pytest.fixture
def lab(tmp_path, deeplabcut):
    folder = tmp_path / "lab"
    folder.mkdir()
    deeplabcut(folder / "m1.csv", parts=("snout", "tail"))
    (folder / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,2,9\n")
    (folder / "notes.txt").write_text("feed the mice")
    return folder


def inspected(capsys, status, *arguments):
    with pytest.raises(SystemExit, match=str(status)):
        main(["inspect", "mabe-task1", *map(str, arguments)])
    return capsys.readouterr().out


def test_every_recording_and_every_other_file_is_told(lab, capsys):
    told = inspected(capsys, 0, lab)
    assert "m1.csv, m1_labels.csv" in told and "sniff 1" in told
    assert "notes.txt  not used: a text, no labels of Bento" in told
    assert told.endswith("1 samples, of which 1 can be used, 1 files are not used\n")


def test_the_parameters_of_a_config_hold(lab, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    text = f"challenges: {{mabe-task1: {{datasets: {{lab: {{source: {lab}}}}}, %s}}}}"
    config.write_text(text % "preprocess: {parts: [nose, tail]}")
    rows = json.loads(inspected(capsys, 1, lab, "--config", config, "--json"))["rows"]
    entries = {one["sample"]: one for one in rows}
    assert "has no nose among its parts (snout, tail)" in entries["m1"]["status"]
    config.write_text(text % "download: {rename_parts: {snout: nose}}")
    assert "nose, tail" in inspected(capsys, 0, lab, "--config", config)
    assert main(["inspect", "mabe-task1", str(tmp_path), "--config", str(config)]) == 1
    assert "no dataset of mabe-task1 in" in capsys.readouterr().err
