"""A package's file: the same content gives the same bytes, and what is no sound package is refused in a sentence."""

import hashlib
import json
import pickle
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from challengeflow import InputError
from challengeflow.models.package_file import MANIFEST, Package, read, write

SCORES = {"challenge": "digits", "dataset": "few", "model": "one", "kind": "trained", "metric": "accuracy"}
ABOUT = {
    **{"challenge": "digits", "dataset": "few", "variant": "one", "title": "Even digits", "contract": 2},
    **{"challengeflow": "0.1.0", "plugins": {"challengeflow-digits": "1.0"}, "source": "demo", "config": {}},
    **{"prepared": {}, "code": {}, "training_data": "0" * 64, "controls": {}, "versions": {}},
    "metric": {"name": "accuracy", "description": "", "direction": "higher", "best": 1.0, "chance": "a half"},
    "trained_on": {"samples": 0, "numbers": {}, "texts": {}},
    **{"scores": {"one": {**SCORES, "failed": [], "splits": {"train": {"score": 0.9, "interval": [0.8, 1.0]}}}}},
    **{"made_on": {}, "citation": "", "licence": "MIT"},
}


def _scored(**changes) -> dict:
    return {**SCORES, "failed": [], "splits": {"train": {"score": 0.9, "interval": [0.8, 1.0], **changes}}}


FILES = {"card.md": b"# one\n", "one/decision.json": b"{}\n", "one/fold-0/weights.npy": bytes(range(200))}


class Marks:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def package(tmp_path) -> Package:
    return write(tmp_path / "one.model.zip", ABOUT, FILES)


def forged(package: Package, members: dict, **changes) -> Path:
    """A package with other members and another manifest, which says that all is well: name -> content, or entry."""
    path = package.path.with_name("forged.model.zip")
    listed = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in ((getattr(key, "filename", key), content) for key, content in members.items())
    }
    manifest = {**package.manifest, "files": listed, **changes}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for key, content in members.items():
            archive.writestr(key, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read(path).check()
    assert "\n" not in str(raised.value) and path.name in str(raised.value)
    return str(raised.value)


def test_the_same_content_gives_the_same_bytes_and_comes_out_again(package, tmp_path):
    weights = tmp_path / "weights.npy"
    weights.write_bytes(FILES["one/fold-0/weights.npy"])
    again = write(
        tmp_path / "again.model.zip", ABOUT, {**dict(reversed(FILES.items())), "one/fold-0/weights.npy": weights}
    )
    assert again.path.read_bytes() == package.path.read_bytes()
    assert read(again.path).manifest == package.manifest
    again.check()
    again.take("one/fold-0", tmp_path / "fold-0")
    assert (tmp_path / "fold-0/weights.npy").read_bytes() == FILES["one/fold-0/weights.npy"]
    assert again.text("card.md") == "# one\n" and again.name == "digits-few-one"
    with pytest.raises(InputError, match="holds no one/fold-1"):
        again.take("one/fold-1", tmp_path / "fold-1")
    assert not (tmp_path / "fold-1").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_refused_under_any_name_and_never_run(package, tmp_path, protocol):
    content = pickle.dumps(Marks(tmp_path / "ran"), protocol)
    name = ("one/fold-0/weights.npy", "card.md", "one/decision.json")[protocol % 3]
    assert "could run" in refusal(forged(package, {**FILES, name: content}))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "one/../../outside", "one//x", ".hidden", "a\\b", "c:x"]
)
def test_no_name_leads_outside(package, name):
    assert "which is no plain file inside" in refusal(forged(package, {**FILES, name: b"x"}))


def test_links_folders_and_files_that_stand_twice_are_refused(package):
    link = zipfile.ZipInfo("one/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "no plain file" in refusal(forged(package, {**FILES, link: b"/etc/passwd"}))
    assert "no plain file" in refusal(forged(package, {**FILES, "one/folder/": b""}))
    assert "twice" in refusal(forged(package, {**FILES, "CARD.md": b"x"}))
    assert "has its folder" in refusal(forged(package, {**FILES, "one": b"x"}))


def test_what_is_compressed_or_states_another_size_is_refused(package):
    bomb = zipfile.ZipInfo("one/bomb")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    assert "compressed" in refusal(forged(package, {**FILES, bomb: bytes(1 << 20)}))
    content = bytearray(package.path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    struct.pack_into("<II", content, directory + 20, 1 << 30, 1 << 30)
    large = package.path.with_name("large.model.zip")
    large.write_bytes(content)
    assert "overlap" in refusal(large)


@pytest.mark.parametrize("change", ["flipped", "cut", "empty", "text", "lost", "added"])
def test_damage_is_named(package, change):
    content, path = package.path.read_bytes(), package.path.with_name("damaged.model.zip")
    at = content.index(bytes(range(200)))
    damaged = {
        "flipped": content[:at] + b"\x01" + content[at + 1 :],
        "cut": content[: len(content) // 2],
        "empty": b"",
        "text": b"a model\n" * 100,
    }
    if change in damaged:
        path.write_bytes(damaged[change])
        assert "cannot be read as a model package" in refusal(path)
        return
    members = {**FILES, "one/more": b"x"} if change == "added" else {"card.md": FILES["card.md"]}
    files = package.manifest["files"]
    assert "do not agree on the file" in refusal(forged(package, members, files=files))


def test_a_checksum_that_is_another_is_refused(package):
    files = {name: {**file, "sha256": "0" * 64} for name, file in package.manifest["files"].items()}
    assert "another checksum" in refusal(forged(package, FILES, files=files))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "format 2"),
        ({"format": None}, "format None"),
        ({"challenge": "../digits"}, "not as packages have it"),
        ({"training_data": 7}, "not as packages have it"),
        ({"more": 1}, "not as packages have it"),
        ({"scores": {"one": {"splits": {}}}}, "not as packages have it"),
        ({"scores": {"\x1b[2J\n": {}}}, "not as packages have it (scores.%1B[2J%0A: "),
        ({"scores": {"one": _scored(score=10**400)}}, "not as packages have it"),
        ({"scores": {"one": {**_scored(), "failed": [{"sample": "a"}]}}}, "not as packages have it"),
        ({"scores": {"one": {**_scored(), "kind": "\x1b[2J"}}}, "not as packages have it"),
        ({"metric": {}}, "not as packages have it"),
        ({"metric": {**ABOUT["metric"], "name": "\x1b[31m"}}, "not as packages have it"),
        ({"variant": "one\n"}, "not as packages have it"),
        ({"code": {"x y": None}}, "not as packages have it"),
        ({"licence": "MIT\x1b]0;"}, "not as packages have it"),
    ],
)
def test_a_manifest_that_states_what_none_does_is_refused(package, change, told):
    assert told in refusal(forged(package, FILES, **change))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[]", "{", '{"format": NaN}', "\xff", '{"format": 1' + "0" * 5000 + "}"]
)
def test_what_is_no_manifest_is_refused(package, text):
    path = package.path.with_name("forged.model.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, text.encode("latin-1"))
    refusal(path)


def test_a_package_that_would_be_refused_is_not_written(tmp_path):
    with pytest.raises(InputError, match="no plain file"):
        write(tmp_path / "one.model.zip", ABOUT, {"../card.md": b""})
    assert not list(tmp_path.iterdir())
