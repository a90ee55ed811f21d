"""Official videos come from a real S3 server on loopback, through a proxy that spoils answers as networks do."""

import hashlib
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from clog_loss_faults import HANGING, proxy
from clog_loss_seaweedfs import BUCKET, seaweedfs
from obstore.store import S3Store

from challengeflow import InputError, Sample
from challengeflow_clog_loss.data import bucket, fetch, manifest

CONTENT = os.urandom(700_000)
BY_S3 = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def server(seaweedfs_server):
    for name in ("1", "2", "3"):
        seaweedfs_server.bucket.put(f"train/{name}.mp4", name.encode() + CONTENT)
    return seaweedfs_server


@pytest.fixture
def network(server, monkeypatch):
    """The proxy in front of the server, and retries without long waits."""
    quick = {"init_backoff": timedelta(milliseconds=10), "max_backoff": timedelta(milliseconds=50), "base": 2}
    monkeypatch.setattr(bucket, "RETRIES", bucket.RETRIES | {"backoff": quick})
    for retrying in (fetch.RETRYING, bucket._head.retry):
        monkeypatch.setattr(retrying, "wait", lambda state: 0)
    with proxy(server.endpoint) as between:
        yield between


def videos(*ids: str) -> tuple[Sample, ...]:
    return tuple(Sample(i, "train", "A", {"filename": f"{i}.mp4", "num_frames": "17"}) for i in ids)


def path_of(name: str) -> str:
    return f"/{BUCKET}/train/{name}.mp4"


@pytest.mark.parametrize("scheme", ["s3", "http"])
def test_videos_arrive_and_are_listed(stages, network, scheme):
    where = {"url": BY_S3, "endpoint": network.url} if scheme == "s3" else {"url": f"{network.url}/{BUCKET}"}
    raw = stages.download("official", "train-0", videos("1", "2", "4"), **where)
    assert sorted(path.name for path in raw.iterdir()) == ["1.mp4", "2.mp4", manifest.FILE]
    assert (raw / "2.mp4").read_bytes() == b"2" + CONTENT
    rows = manifest.read(raw)
    assert (
        rows["1"]["bytes"] == str(len(CONTENT) + 1)
        and rows["1"]["sha256"] == hashlib.sha256((raw / "1.mp4").read_bytes()).hexdigest()
    )
    assert rows["4"] == {"sample": "4", "filename": "4.mp4", "bytes": "", "sha256": "", "problem": "not on the server"}


def test_a_connection_that_hangs_is_left_after_the_idle_limit(stages, network, monkeypatch):
    """Not after the ten minutes that a request may take."""
    monkeypatch.setattr(bucket, "SECONDS_IDLE", 0.5)
    network.faults[path_of("1")] = ["drip", "drip"]
    started = time.monotonic()
    raw = stages.download("official", "train-0", videos("1"), url=BY_S3, endpoint=network.url)
    assert time.monotonic() - started < 2 * HANGING
    assert (raw / "1.mp4").read_bytes() == b"1" + CONTENT
    assert len(network.asked[path_of("1")]) == 3 and network.asked[path_of("1")][1].startswith("bytes=")


def test_a_connection_that_always_hangs_is_a_reason(stages, network, monkeypatch):
    monkeypatch.setattr(bucket, "SECONDS_IDLE", 0.2)
    monkeypatch.setattr(bucket, "RETRIES", bucket.RETRIES | {"max_retries": 1})
    network.faults[path_of("1")] = ["drip*"]
    raw = stages.download("official", "train-0", videos("1", "2"), url=BY_S3, endpoint=network.url)
    assert manifest.read(raw)["1"]["problem"].startswith("not fetched: ")


@pytest.mark.parametrize("fault", ["reset", "truncate", "503"])
def test_a_broken_transfer_goes_on_where_it_was(stages, network, fault):
    network.faults[path_of("1")] = [fault, fault]
    raw = stages.download("official", "train-0", videos("1"), url=BY_S3, endpoint=network.url)
    assert (raw / "1.mp4").read_bytes() == b"1" + CONTENT
    first, second, third = network.asked[path_of("1")]
    assert first is None and (second is None) == (fault == "503")
    if fault != "503":
        starts = [int(asked.removeprefix("bytes=").partition("-")[0]) for asked in (second, third)]
        assert 0 < starts[0] < starts[1] < len(CONTENT)


def part_of(stages, server, name: str, content: bytes) -> Path:
    """What a killed download of that video left behind."""
    target = stages.folder("work", "download-train-0") / f"{name}.mp4"
    path = fetch._part(target, server.bucket.head(f"train/{name}.mp4"))
    path.write_bytes(content)
    return path


def test_a_killed_download_goes_on_by_range(stages, network, server):
    part_of(stages, server, "1", (b"1" + CONTENT)[:500_000])
    part_of(stages, server, "2", b"2" + CONTENT)
    raw = stages.download("official", "train-0", videos("1", "2"), url=BY_S3, endpoint=network.url)
    assert [(raw / f"{n}.mp4").read_bytes() for n in "12"] == [b"1" + CONTENT, b"2" + CONTENT]
    assert network.asked[path_of("1")][-1] == "bytes=500000-" and len(network.asked[path_of("1")]) == 2
    assert network.asked[path_of("2")] == [None]  # a HEAD: nothing was left to fetch
    assert not list((stages.root / "work" / "download-train-0").iterdir())


def test_the_part_of_another_object_is_not_continued(stages, network, server):
    part = part_of(stages, server, "1", b"x" * 100)
    part.rename(part.with_name("1.mp4.000000000000.part"))
    raw = stages.download("official", "train-0", videos("1"), url=BY_S3, endpoint=network.url)
    assert (raw / "1.mp4").read_bytes() == b"1" + CONTENT and network.asked[path_of("1")][-1] is None


def test_wrong_bytes_are_noticed_by_their_checksum(stages, network, server):
    network.faults[path_of("1")] = ["changed"]
    part_of(stages, server, "2", b"another beginning")
    raw = stages.download("official", "train-0", videos("1", "2"), url=BY_S3, endpoint=network.url)
    assert [(raw / f"{n}.mp4").read_bytes() for n in "12"] == [b"1" + CONTENT, b"2" + CONTENT]


def test_a_web_server_without_ranges(stages, network, server):
    part_of(stages, server, "1", b"1" + CONTENT[:1000])
    network.faults[path_of("1")] = ["whole*"]
    raw = stages.download("official", "train-0", videos("1"), url=f"{network.url}/{BUCKET}")
    assert (raw / "1.mp4").read_bytes() == b"1" + CONTENT


def test_one_bad_file_is_a_sample_with_its_reason(stages, network, monkeypatch):
    monkeypatch.setitem(bucket.RETRIES, "max_retries", 1)
    network.faults[path_of("2")] = ["503*"]
    raw = stages.download("official", "train-0", videos("1", "2", "3"), url=BY_S3, endpoint=network.url)
    assert (raw / "1.mp4").exists() and (raw / "3.mp4").exists() and not (raw / "2.mp4").exists()
    problem = manifest.read(raw)["2"]["problem"]  # the same each time: it goes into tables
    assert problem == "not fetched: Server returned non-2xx status code: 503 Service Unavailable: busy"


def test_a_web_page_is_no_video(stages, network):
    network.faults[path_of("1")], network.faults[path_of("2")] = ["page"], ["page*"]
    raw = stages.download("official", "train-0", videos("1", "2"), url=BY_S3, endpoint=network.url)
    assert (raw / "1.mp4").read_bytes() == b"1" + CONTENT and not (raw / "2.mp4").exists()
    assert manifest.read(raw)["2"]["problem"].startswith("not fetched: a web page arrived, no video; the network")


def test_a_shard_of_one_missing_video_is_listed(stages, network):
    raw = stages.download("official", "train-0", videos("9"), url=BY_S3, endpoint=network.url)
    assert manifest.read(raw)["9"]["problem"] == fetch.MISSING


def test_nothing_there_is_an_error_in_one_sentence(stages, network):
    with pytest.raises(InputError, match=r"none of the 3 videos \(not on the server\); check download: url"):
        stages.download("official", "train-0", videos("7", "8", "9"), url=BY_S3, endpoint=network.url)
    with pytest.raises(InputError, match="is no address of videos; write s3://BUCKET"):
        stages.download("official", "train-0", videos("1"), url="ftp://somewhere")
    with pytest.raises(InputError, match="is not a folder"):
        stages.download("official", "train-0", videos("1"), url="file:///nowhere/at/all")


def test_the_region_is_asked_for_and_nothing_is_signed(network):
    network.headers["x-amz-bucket-region"] = "eu-central-1"
    assert bucket.bucket_region(BUCKET, network.url) == "eu-central-1"
    store = bucket.open_store(BY_S3, network.url)
    assert isinstance(store, S3Store) and store.config["region"] == "eu-central-1"
    assert store.config["skip_signature"]


def test_a_full_disk_is_noticed_before_anything_is_fetched(stages, network, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(InputError, match=r"needs about 1\.4 MB .* 1\.0 MB left; make room"):
        stages.download("official", "train-0", videos("1", "2"), url=BY_S3, endpoint=network.url)
    assert not network.asked


def test_a_mirror_on_disk_has_the_same_keys(stages, tmp_path):
    (tmp_path / "a mirror" / "train").mkdir(parents=True)
    (tmp_path / "a mirror" / "train" / "1.mp4").write_bytes(CONTENT)
    raw = stages.download("official", "train-0", videos("1", "2"), url=(tmp_path / "a mirror").as_uri())
    assert (raw / "1.mp4").read_bytes() == CONTENT and not (raw / "2.mp4").exists()


def test_a_server_that_stops_is_an_error_and_what_came_is_kept(stages, tmp_path, monkeypatch):
    quick = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=2), "base": 2}
    monkeypatch.setattr(bucket, "RETRIES", bucket.RETRIES | {"backoff": quick, "max_retries": 2})
    for retrying in (fetch.RETRYING, bucket._head.retry):
        monkeypatch.setattr(retrying, "wait", lambda state: 0)
    (tmp_path / "site").mkdir()
    with seaweedfs(tmp_path / "site") as own:
        own.bucket.put("train/1.mp4", CONTENT)
        store = bucket.open_store(BY_S3, own.endpoint)
        target = stages.folder("work", "download-train-0") / "1.mp4"
        assert fetch.fetch(store, "train/1.mp4", target)
        own.stop()
        with pytest.raises(fetch.TransferError):
            fetch.fetch(store, "train/2.mp4", target.with_name("2.mp4"))
        monkeypatch.setattr(bucket, "bucket_region", lambda *_: bucket.ANY_REGION)
        many = videos(*map(str, range(1, 40)))
        with pytest.raises(InputError, match="16 videos in a row could not be fetched"):
            stages.download("official", "train-0", many, url=BY_S3, endpoint=own.endpoint)
        monkeypatch.undo()
        monkeypatch.setattr(bucket._head.retry, "wait", lambda state: 0)
        with pytest.raises(InputError, match="does not answer"):
            stages.download("official", "train-0", many, url=BY_S3, endpoint=own.endpoint)
    assert target.read_bytes() == CONTENT
