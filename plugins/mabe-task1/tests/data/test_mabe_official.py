"""The official download, from a server on this machine: licence, checksum, resumption, and only what is needed."""

import hashlib
import http.server
import io
import json
import threading
import zipfile

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.data import download as acquire

FOLDER = "task1_classic_classification"


def sequences(split, count):
    vocabulary = {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
    random = np.random.default_rng(len(split))
    return {
        f"task1/{split}/mouse{k:03d}_task1_annotator1": {
            "keypoints": random.uniform(0, 500, (8, 2, 2, 7)).round(1).tolist(),
            "scores": random.uniform(0, 1, (8, 2, 7)).round(2).tolist(),
            "annotations": random.integers(0, 4, 8).tolist(),
            "metadata": {"annotator-id": 0, "vocab": vocabulary},
        }
        for k in range(count)
    }


@pytest.fixture(scope="module")
def archive():
    """The bytes of a small archive in the official layout, with files that are not needed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for split, count in (("train", 3), ("test", 2)):
            entry = {"annotator-id_0": sequences(split, count)}
            file.writestr(f"{FOLDER}/calms21_task1_{split}.json", json.dumps(entry))
            file.writestr(f"{FOLDER}/taskprog_features_task1_{split}.json", "x" * 10_000)
    return packed.getvalue()


@pytest.fixture
def server(archive, monkeypatch):
    """Serves the archive, from any byte on; keeps the ranges it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Range"))
            start = int(asked[-1].split("=")[1].rstrip("-")) if asked[-1] else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(archive) - start))
            self.end_headers()
            self.wfile.write(archive[start:])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setattr(acquire, "OFFICIAL_URL", f"http://127.0.0.1:{running.server_port}/{FOLDER}.zip?download=1")
        monkeypatch.setattr(acquire, "OFFICIAL_MD5", hashlib.md5(archive).hexdigest())
        yield asked
        running.shutdown()


def official(stages, **download):
    return stages("official", gold_splits=("train", "test"), **download)


def test_nothing_is_fetched_before_the_licence_is_accepted(stages, server):
    with pytest.raises(InputError, match=r"CC BY-NC-SA 4\.0 .* set the download parameter 'accept_licence' to true"):
        official(stages).archive(f"{FOLDER}.zip")
    assert server == []


def test_the_archive_is_checked_unpacked_and_read(stages, server, capsys):
    run = official(stages, accept_licence=True)
    run.archive(f"{FOLDER}.zip")
    assert "licence accepted in the config: CalMS21" in capsys.readouterr().err
    names = sorted(path.name for path in (run.root / "archive").iterdir())
    assert names == ["calms21_task1_test.json", "calms21_task1_train.json"]
    shards = run.prepare(least_confidence=0.5)
    assert [len(Arrays(shard.prepared)) for shard in shards] == [1, 1, 1, 2]
    shard = shards[-1]
    name = shard.samples[0].id
    expected = sequences("test", 2)[name]
    low = np.array(expected["scores"]) < 0.5
    assert np.array_equal(np.isnan(Arrays(shard.prepared)[name]["keypoints"][:, :, 0]), low) and low.any()
    assert Arrays(shard.gold)[name]["scores"].argmax(axis=1).tolist() == expected["annotations"]


def test_test_labels_are_in_the_gold_alone(stages, server):
    run = official(stages, accept_licence=True)
    run.archive(f"{FOLDER}.zip")
    (shard,) = run.prepare()[-1:]
    raw, prepared = Arrays(run.root / "raw" / shard.name), Arrays(shard.prepared)
    for name in raw:
        assert set(raw[name]) == {"keypoints", "confidence"} and set(prepared[name]) == {"keypoints"}
    labels = sequences("test", 2)[shard.samples[0].id]["annotations"]
    assert not any(str(labels) in json.dumps(prepared.attributes(name)) for name in prepared)
    assert "annotations" not in (run.root / "index" / "samples.csv").read_text()


def test_a_broken_download_goes_on_where_it_was(stages, server, archive):
    run = official(stages, accept_licence=True)
    work = run.root / "work-archive"
    work.mkdir(parents=True)
    (work / f"{FOLDER}.zip.download").write_bytes(archive[:500])
    run.archive(f"{FOLDER}.zip")
    assert server == ["bytes=500-"]


def test_another_file_than_the_published_one_is_refused(stages, server, monkeypatch):
    monkeypatch.setattr(acquire, "OFFICIAL_MD5", "0" * 32)
    with pytest.raises(InputError, match="has md5"):
        official(stages, accept_licence=True).archive(f"{FOLDER}.zip")
