"""The command that tells what is understood of a folder, as text and as JSON."""

import json

import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.commands.check_recordings import main


@pytest.fixture
def lab(tmp_path, deeplabcut):
    folder = tmp_path / "lab"
    folder.mkdir()
    deeplabcut(folder / "m1.csv", parts=("snout", "tail"))
    (folder / "m1_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,2,9\n")
    (folder / "notes.txt").write_text("feed the mice")
    return folder


def test_every_recording_and_every_other_file_is_told(lab, capsys):
    assert main([str(lab)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("m1: ok\n    files: m1.csv, m1_labels.csv") and "    labels: sniff 1" in told
    assert "-: not used: a text, no labels of Bento\n    files: notes.txt" in told


def test_the_parameters_of_a_config_hold(lab, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("challenges: {mabe-task1: {preprocess: {parts: [nose, tail]}}}")
    assert main([str(lab), "--config", str(config), "--json"]) == 1
    entries = {one["sample"]: one for one in json.loads(capsys.readouterr().out)}
    assert "has no nose among its parts (snout, tail)" in entries["m1"]["status"]
    config.write_text("challenges: {mabe-task1: {download: {rename_parts: {snout: nose}}}}")
    assert main([str(lab), "--config", str(config)]) == 0 and "parts: nose, tail" in capsys.readouterr().out
    with pytest.raises(InputError, match="is no config with mabe-task1"):
        main([str(lab), "--config", str(lab / "notes.txt")])
