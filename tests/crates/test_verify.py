"""`verify`: a crate made again is whole, and every kind of change of it is told by name."""

import hashlib
import json
import re
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from crates.conftest import FOLDER

from challengeflow import CONTRACT, InputError
from challengeflow.crates import again, compare
from challengeflow.crates.crate import Crate
from challengeflow.crates.verify import verify

MODEL = "models/digits/few/one/fold-0/weights.npy"
NOTE = "provenance/digits/few/one/fold-0.json"
ANSWER = "submission/submission.csv"


def write(path: Path, members: dict[str, bytes], honest: bool = False) -> Path:
    """An archive of these members; honest: with checksums that go with them."""
    if honest:
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        lines = [f"{digest}  {name}\n" for name, digest in digests.items() if name != "checksums.sha256"]
        members = members | {"checksums.sha256": "".join(lines).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def told(run, archive: Path, to: Path, **options) -> str:
    """What `verify` refuses an archive with, before anything is run."""
    asked = {"from_data": False, "data": None, "to": to, "words": ()} | options
    with pytest.raises(InputError) as refused:
        verify(archive, run.registry, **asked)
    assert not (to / ".snakemake").exists()
    return str(refused.value)


def flipped(content: bytes) -> bytes:
    """With one bit in the middle that is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def reworded(content: bytes, *change: str) -> bytes:
    old, new = (each.encode() for each in change)
    assert old in content
    return content.replace(old, new)


@pytest.fixture(scope="module")
def verified(run, tmp_path_factory):
    """A site with the plugin where the crate with models was verified, and what was said."""
    folder = tmp_path_factory.mktemp("another place")
    shutil.copytree(run.folder / "plugins", folder / "plugins")
    shutil.copy(run.folder / "with-models.zip", folder)
    site = type(run)(folder)
    site.done = site.challengeflow("verify", "with-models.zip", "--", "--cores", "1")
    return site


def test_from_models_the_submission_is_identical_and_what_was_not_made_is_not(verified):
    assert verified.done.returncode == 0, verified.done.stderr
    said = [re.sub(" {2,}", "  ", line) for line in verified.done.stdout.splitlines()]
    assert said[0] == "with-models.zip: whole, every file is as its checksum says"
    assert f"identical  {ANSWER}" in said and "identical  predict: 1 result" in said
    assert "not made again  train: 2 results" in said and "not made again  score: 2 results" in said
    assert not any(line.startswith("identical  train") for line in said)
    assert said[-1].startswith("the submission is identical: 1 of 1 files, made again from its models in ")
    assert not list(verified.folder.glob("*/results/digits/few/raw/train*"))


def test_what_comes_out_otherwise_is_told_by_name(run, verified, tmp_path):
    made = verified.folder / "with-models-from-crate" / FOLDER
    other = run.with_models | {ANSWER: flipped(run.with_models[ANSWER]), "submission/more.csv": b"1"}
    crate = Crate.of(write(tmp_path / "other.zip", other, honest=True), tmp_path / "crate")
    found = {each.name: each.state for each in compare.of_submission(crate, made)}
    assert found == {ANSWER: "differs", "submission/more.csv (it is not made any more)": "differs"}


@pytest.mark.parametrize("name", [ANSWER, MODEL, NOTE, "config.yaml", "ro-crate-metadata.json"])
def test_one_flipped_bit_is_named(run, tmp_path, name):
    archive = write(tmp_path / "x.zip", run.with_models | {name: flipped(run.with_models[name])})
    assert f"{name} is not what was written: its checksum is another" in told(run, archive, tmp_path / "to")


def test_a_file_that_is_missing_and_one_more_are_named(run, tmp_path):
    fewer = {name: content for name, content in run.with_models.items() if name != MODEL}
    said = told(run, write(tmp_path / "x.zip", fewer | {"submission/more.csv": b""}), tmp_path / "to")
    assert f"{MODEL} is missing from the crate" in said
    assert "submission/more.csv is one file more than the checksums of the crate know" in said


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (ANSWER, None, "digits/submissions/csv/mine is not what its note tells of"),
        (MODEL, None, "digits/few/one/fold-0 is not what its note tells of"),
        ("config.yaml", ("iterations: 5", "iterations: 6"), "models.one.parameters.iterations: 5 -> 6"),
        ("config.yaml", ("scale: 15", "scale: 14"), "datasets.few.parameters.preprocess.scale: 15 -> 14"),
        ("config.yaml", ("seed: 7", "seed: 8"), "models.one.seed: 7 -> 8"),
        ("config.yaml", ("folds: 2", "folds: 3"), "datasets.few.folds: 2 -> 3"),
        ("config.yaml", ("source: demo", "source: /etc"), "names '/etc', which does not lie in `data`"),
        ("config.yaml", ("source: demo", "source: data/mine"), "reads data/mine, and no crate holds that"),
        ("config.yaml", ("seed: 1", "results: ../..\nseed: 1"), "says where results go, which no crate does"),
        (NOTE, ('"sha256": "', '"sha256": "0'), "digits/few/one/fold-0 is not what its note tells of"),
        (NOTE, ('"stage"', '"state"'), "provenance/digits/few/one/fold-0.json of the crate is no note of a stage"),
    ],
)
def test_a_change_with_checksums_of_its_own_is_named(run, tmp_path, name, change, expected):
    content = run.with_models[name]
    changed = flipped(content) if change is None else reworded(content, *change)
    archive = write(tmp_path / "x.zip", run.with_models | {name: changed}, honest=True)
    assert expected in told(run, archive, tmp_path / "to")


def test_another_version_and_other_code_are_named_and_hinder_nothing(run, tmp_path, monkeypatch, capsys):
    def stopped(*arguments):
        raise InputError("that is far enough")

    monkeypatch.setattr(again, "make", stopped)
    note = json.loads(run.with_models[NOTE])
    note["versions"] |= {"numpy": "1.0", "contract": "1"}
    del note["config"]["datasets"]["few"]["folds"]
    note |= {"code": "0123", "plugin": "challengeflow_digits 0.9"}
    archive = write(tmp_path / "x.zip", run.with_models | {NOTE: json.dumps(note).encode()}, honest=True)
    assert told(run, archive, tmp_path / "to") == "that is far enough"
    said = capsys.readouterr().out
    for each in (
        "numpy 1.0 made it, here is ",
        "challengeflow_digits 0.9 made it, here is 1.0",
        f"contract 1 made it, here is {CONTRACT}",
        "datasets.few.folds: not there -> 2",
        "the code of train is another here",
    ):
        assert f"another    {each}" in said


def test_a_pickle_among_its_models_is_not_run(run, tmp_path):
    import pickle

    from challengeflow.running.provenance import content_hash

    pickled = pickle.dumps({"a": ["b"] * 3})
    (tmp_path / "fold").mkdir()
    (tmp_path / "fold/weights.npy").write_bytes(pickled)
    note = json.loads(run.with_models[NOTE]) | {"sha256": content_hash(tmp_path / "fold")}
    changed = {MODEL: pickled, NOTE: json.dumps(note).encode()}
    archive = write(tmp_path / "x.zip", run.with_models | changed, honest=True)
    assert "left a pickle in the model, weights.npy" in told(run, archive, tmp_path / "to")


def test_what_is_no_crate_and_a_folder_that_is_taken_are_said(run, tmp_path):
    assert "lacks checksums.sha256" in told(run, write(tmp_path / "x.zip", {"a": b"1"}), tmp_path / "to")
    (tmp_path / "text.zip").write_text("none")
    assert "cannot be read as an archive" in told(run, tmp_path / "text.zip", tmp_path / "to-2")
    link = zipfile.ZipInfo("submission/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    linked = write(tmp_path / "link.zip", run.members | {link: b"submission.csv"})
    assert "submission/link is a link, which no crate has" in told(run, linked, tmp_path / "to-4")
    out = write(tmp_path / "out.zip", run.members | {"../out": b"1"})
    assert "would lie outside of it" in told(run, out, tmp_path / "to-3")
    assert "holds something else; remove it" in told(run, out, tmp_path)


def test_the_rules_that_start_from_models_are_all_but_those_that_make_them():
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    names = re.findall(r"^ *(?:rule|checkpoint|use rule \w+ as) (\w+)", rules, re.MULTILINE)
    assert set(again.MADE) == set(names) - {
        "train",
        "unpack",
        "score",
        "unpack_scores",
        "control",
        "draw",
        "leaderboard",
        "report",
    }
