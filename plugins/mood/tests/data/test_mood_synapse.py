"""The official zips from Synapse: which file is fetched, where it lands, and what is said when it cannot be had.

Synapse itself takes part in none of this: its client's calls are replaced, with the signatures they have.
"""

import sys
from types import SimpleNamespace
from unittest import mock

import pytest

from challengeflow import DownloadJob, InputError, Progress
from challengeflow_mood.data import download


@pytest.fixture
def job(tmp_path):
    (tmp_path / "output").mkdir()
    return DownloadJob(
        challenge="mood",
        dataset="brain",
        parameters={},
        seed=1,
        threads=1,
        device="cpu",
        work=tmp_path / "work",
        progress=Progress("download"),
        part="archive",
        archive="toy",
        source="official",
        splits=("train", "test"),
        gold_splits=("test",),
        archives={},
        gold=tmp_path / "gold",
        output=tmp_path / "output",
    )


@pytest.fixture
def project(monkeypatch):
    """A project of some files; what is asked for is "downloaded". Name -> id."""
    synapseclient = pytest.importorskip("synapseclient")
    from synapseclient import models

    files = {"brain_train.zip": "syn1", "brain_toy.zip": "syn2", "abdom_toy.zip": "syn3"}
    seen = {}

    def walk(self, **options):
        seen["project"] = self.id
        entries = [SimpleNamespace(name=name, id=key) for name, key in files.items()]
        yield ("mood", "syn21343101"), [], entries[:1]
        yield ("mood/toy", "syn9"), [], entries[1:]

    def get(self, *, synapse_client):
        seen["file"] = self.id
        path = f"{self.path}/fetched.zip"
        with open(path, "wb") as file:
            file.write(b"zip")
        return SimpleNamespace(path=path)

    def patch(owner, name, replacement):
        monkeypatch.setattr(owner, name, mock.create_autospec(getattr(owner, name), side_effect=replacement))

    patch(synapseclient.Synapse, "login", lambda self, silent: None)
    patch(models.Project, "walk", walk)
    patch(models.File, "get", get)
    return SimpleNamespace(files=files, seen=seen)


def test_one_zip_is_fetched_by_its_name(job, project):
    download.download(job)
    assert project.seen == {"project": "syn21343101", "file": "syn2"}
    assert (job.output / "brain_toy.zip").read_bytes() == b"zip"


def test_a_project_without_the_zip_says_so(job, project):
    del project.files["brain_toy.zip"]
    with pytest.raises(InputError, match=r"has no files brain_toy.zip that you may see, and one is expected"):
        download.download(job)


def test_without_a_login_it_is_said_how_to_get_one(job, monkeypatch, tmp_path):
    pytest.importorskip("synapseclient")
    monkeypatch.delenv("SYNAPSE_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"join the challenge at .*SYNAPSE_AUTH_TOKEN.*by hand into one folder"):
        download.download(job)


def test_without_the_client_it_is_said_how_to_install_it(job, monkeypatch):
    monkeypatch.setitem(sys.modules, "synapseclient", None)
    monkeypatch.setitem(sys.modules, "synapseclient.core.exceptions", None)
    with pytest.raises(InputError, match=r"pip install 'challengeflow-mood\[synapse\]'; or fetch brain_train.zip"):
        download.download(job)
