"""A full disk is told as such, whatever the library that hits it says."""

import errno
from types import SimpleNamespace

import pytest

from challengeflow import InputError
from challengeflow.contract.errors import explained
from challengeflow.planning.plugins import Registry
from challengeflow.running import disk
from challengeflow.running.blame import blame


def failing(tmp_path, error):
    with blame(Registry(), "any", "train", tmp_path / "note.traceback"):
        raise error


def test_the_error_says_it(tmp_path):
    with pytest.raises(InputError, match=f"the disk of {tmp_path} is full; make room"):
        failing(tmp_path, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(InputError, match="is full"):
        try:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        except OSError as error:
            raised = RuntimeError("writing failed")
            raised.__cause__ = error
            failing(tmp_path, raised)


def test_the_disk_says_it(tmp_path, monkeypatch):
    error = RuntimeError("PytorchStreamWriter failed writing file data/2: file write failed")
    with pytest.raises(InputError, match=r"RuntimeError: PytorchStreamWriter .* the traceback is in"):
        failing(tmp_path, error)
    monkeypatch.setattr(disk.os, "statvfs", lambda _: SimpleNamespace(f_bavail=3, f_frsize=4096, f_files=9, f_favail=5))
    with pytest.raises(InputError, match=f"the disk of {tmp_path} is full"):
        failing(tmp_path, error)
    monkeypatch.setattr(disk.os, "statvfs", lambda _: SimpleNamespace(f_bavail=3e9, f_frsize=1, f_files=9, f_favail=0))
    assert disk.is_full(tmp_path / "not" / "made" / "yet")


def test_what_the_system_refuses_is_one_sentence():
    full, denied = (
        OSError(errno.ENOSPC, "No space left on device", "a/b"),
        PermissionError(13, "Permission denied", "a/b"),
    )
    assert explained(full) == "the disk is full, so that 'a/b' cannot be written; make room, then run again to go on"
    assert explained(denied) == "the system refuses 'a/b': Permission denied; mend that, then run again"
