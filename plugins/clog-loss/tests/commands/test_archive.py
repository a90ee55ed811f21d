"""Videos out of tar archives: fetched, resumed, extracted to one place whatever their paths say."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from clog_loss_faults import proxy
from clog_loss_seaweedfs import BUCKET

from challengeflow import InputError
from challengeflow_clog_loss.commands import archive
from challengeflow_clog_loss.data import bucket, fetch

VIDEOS = {f"10000{number}.mp4": os.urandom(1 + 600_000 * number) for number in range(4)}


def write_archive(path: Path, prefix: str, mode: str = "w", **others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, mode) as opened:
        for name, content in VIDEOS.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
        for member in others.values():
            opened.addfile(member)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(("prefix", "mode"), [("nano_vessels/nano/", "w"), ("nano/", "w:gz"), ("", "w")])
def test_videos_of_all_layouts_land_in_the_folder(tmp_path, capsys, prefix, mode):
    path = write_archive(tmp_path / "nano_vessels.tar", prefix, mode)
    assert archive.main([str(path), str(tmp_path / "out")]) == 0
    assert {found.name: found.read_bytes() for found in (tmp_path / "out").iterdir()} == VIDEOS
    assert path.exists() and "4 videos of nano_vessels.tar are in" in capsys.readouterr().out


def test_nothing_escapes(tmp_path, capsys):
    strange = {
        "up": special("../../200000.mp4", tarfile.REGTYPE),
        "absolute": special("/tmp/clog-loss/200001.mp4", tarfile.REGTYPE),
        "link": special("200002.mp4", tarfile.SYMTYPE, "/etc/passwd"),
        "hard": special("200003.mp4", tarfile.LNKTYPE, "../../secret"),
        "device": special("200004.mp4", tarfile.CHRTYPE),
        "other": special("run.sh", tarfile.REGTYPE),
        "folder": special("nano", tarfile.DIRTYPE),
    }
    path = write_archive(tmp_path / "odd.tar", "nano/", **strange)
    out = tmp_path / "a" / "b" / "out"
    archive.main([str(path), str(out)])
    assert {found.name for found in out.iterdir()} == {*VIDEOS, "200000.mp4", "200001.mp4"}
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file() and out not in p.parents) == ["odd.tar"]
    told = capsys.readouterr().err
    assert all(f"passed over: {name}" in told for name in ("200002.mp4", "200003.mp4", "200004.mp4", "run.sh"))
    assert "passed over: nano" not in told


def test_a_killed_extraction_goes_on(tmp_path):
    path = write_archive(tmp_path / "nano.tar", "nano/")
    archive.main([str(path), str(tmp_path)])
    kept = (tmp_path / "100001.mp4").stat().st_mtime_ns
    (tmp_path / "100002.mp4").write_bytes(b"cut")
    archive.main([str(path), str(tmp_path)])
    assert (tmp_path / "100001.mp4").stat().st_mtime_ns == kept
    assert (tmp_path / "100002.mp4").read_bytes() == VIDEOS["100002.mp4"]


def test_an_archive_is_fetched_and_resumed(tmp_path, seaweedfs_server, monkeypatch, capsys):
    path = write_archive(tmp_path / "nano_vessels.tar.gz", "nano/", "w:gz")
    seaweedfs_server.bucket.put("nano_vessels.tar.gz", path)
    out = tmp_path / "out"
    out.mkdir()
    part = fetch._part(out / path.name, seaweedfs_server.bucket.head(path.name))
    part.write_bytes(path.read_bytes()[:100])
    monkeypatch.setattr(fetch.RETRYING, "wait", lambda state: 0)
    monkeypatch.setitem(bucket.RETRIES, "max_retries", 0)
    with proxy(seaweedfs_server.endpoint) as between:
        address = f"{between.url}/{BUCKET}/{path.name}"
        between.faults[f"/{BUCKET}/{path.name}"] = [None, "truncate", None, "truncate", None, "truncate"]
        archive.main([address, str(out)])
        starts = [asked for asked in between.asked[f"/{BUCKET}/{path.name}"] if asked]
        assert starts[0] == "bytes=100-" and len(set(starts)) > 2
        with pytest.raises(InputError, match="is not there; check the address"):
            archive.main([f"{between.url}/{BUCKET}/micro.tar", str(out)])
    assert {found.name: found.read_bytes() for found in out.iterdir()} == VIDEOS


def test_a_damaged_or_empty_archive_is_told_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"there is no file nano\.tar"):
        archive.main(["nano.tar", str(tmp_path / "out")])
    path = write_archive(tmp_path / "nano.tar.gz", "nano/", "w:gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="cannot be read as an archive"):
        archive.main([str(path), str(tmp_path / "out")])
    (tmp_path / "text.tar").write_text("nothing")
    with pytest.raises(InputError, match="cannot be read as an archive"):
        archive.main([str(tmp_path / "text.tar"), str(tmp_path / "out")])
    with tarfile.open(tmp_path / "empty.tar", "w") as opened:
        opened.addfile(special("readme", tarfile.REGTYPE))
    with pytest.raises(InputError, match=r"holds no video ID\.mp4"):
        archive.main([str(tmp_path / "empty.tar"), str(tmp_path / "out")])
