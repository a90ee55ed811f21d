"""Official videos of a shard: fetched many at a time, resumed by range, checked, listed with size and checksum."""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError, NotSupportedError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from challengeflow import DownloadJob, InputError, Sample
from challengeflow_clog_loss.data import bucket, estimates, manifest

if TYPE_CHECKING:  # obstore has it for type checkers alone
    from obstore import ObjectMeta
    from typing_extensions import Buffer

MISSING = "not on the server"
MANY = 3  # videos that are not all missing for no common reason
FAILED_IN_A_ROW = 16  # transfers: no longer the fault of single files
CHUNK = 1 << 18
PAGES = (b"<!doctype", b"<html", b"<?xml")  # what a login page of a network, or an error of a server, begins with
TOLD = re.compile(r" in [\d.]+\w+(?:, after .*?retry_timeout: \w+)? +- ")  # before what went wrong; differs each time
MD5 = re.compile(r'"?([0-9a-f]{32})"?')  # the entity tag of an object that was stored in one piece


@dataclass
class Checked:
    """What has arrived of an object: its bytes so far, and the checksums of them, taken as they pass."""

    size: int = 0
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    sha256: Any = field(default_factory=hashlib.sha256)

    def take(self, chunk: "Buffer") -> None:
        self.size += memoryview(chunk).nbytes
        self.md5.update(chunk)
        self.sha256.update(chunk)

    @classmethod
    def of(cls, path: Path) -> "Checked":
        """Of what an earlier try left."""
        found = cls()
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                found.take(chunk)
        return found


class TransferError(Exception):
    """A transfer that may well work when tried again."""


def fetch_videos(job: DownloadJob) -> None:
    """Fetch the shard's videos into `job.output`, with their manifest.

    A video that the server does not have, or that does not come through, is left out with its reason, for preprocess
    to report. Raises InputError where the disk is too small, nothing is there or the server stops answering; what
    has arrived stays in `job.work` for the next try.
    """
    waiting = [sample for sample in job.samples if not _arrived(job, sample).exists()]
    _refuse_small_disk(job, waiting)
    url = job.parameters["url"].rstrip("/")
    problems: dict[str, str] = {}
    arrived: dict[str, Checked] = {}
    if waiting:
        store = bucket.open_store(url, job.parameters["endpoint"])
        arrived, problems = _fetch_all(job, store, waiting)
    if waiting and len(problems) == len(job.samples):
        _refuse_nothing(url, list(problems.values()))
    _deliver(job, arrived, problems)


def _refuse_nothing(url: str, problems: Sequence[str]) -> None:
    """A shard of which nothing came: its very few videos may really be missing, more cannot be."""
    if len(problems) >= MANY or any(problem != MISSING for problem in problems):
        raise InputError(
            f"{url} gave none of the {len(problems)} videos ({problems[0]}); check download: url and run again"
        )


def _fetch_all(
    job: DownloadJob, store: ObjectStore, samples: list[Sample]
) -> tuple[dict[str, Checked], dict[str, str]]:
    """Fetch videos into `job.work`; returns what arrived, and the reason of those that did not come, by sample id."""
    arrived: dict[str, Checked] = {}
    problems: dict[str, str] = {}
    failed_in_a_row = 0
    begun = {part.name.rsplit(".", 2)[0] for part in job.work.glob("*.part")}  # one look, not one a video
    with ThreadPoolExecutor(job.parameters["parallel"]) as pool:
        futures = {}
        for sample in samples:
            target = _arrived(job, sample)
            futures[pool.submit(fetch, store, _key(sample), target, target.name not in begun)] = sample
        for future in job.progress(as_completed(futures), "video", len(futures)):
            sample = futures[future]
            failed_in_a_row = failed_in_a_row + 1 if isinstance(future.exception(), TransferError) else 0
            try:
                found = future.result()
                if found is None:
                    problems[sample.id] = MISSING
                else:
                    arrived[sample.id] = found
            except TransferError as error:
                problems[sample.id] = f"not fetched: {error}"
            if sample.id in problems:
                job.progress.message(f"{_key(sample)}: {problems[sample.id]}")
            if failed_in_a_row == FAILED_IN_A_ROW:
                pool.shutdown(cancel_futures=True)
                raise InputError(
                    f"{failed_in_a_row} videos in a row could not be fetched (the last: {problems[sample.id]}); "
                    "check the network and run again to go on"
                )
    return arrived, problems


# Called, not used as a decorator: what tenacity decorates counts its attempts in one place for all threads.
RETRYING = Retrying(
    retry=retry_if_exception_type(TransferError),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.5, max=10),
    reraise=True,
)


def fetch(store: ObjectStore, key: str, target: Path, fresh: bool = False) -> Checked | None:
    """Fetch one object to `target`, whole and checked; None where the store has none (S3 may answer 403 for that).

    fresh: nothing of it is there, so that no look for a part is needed.

    What arrives is in `target`.TAG.part until then, TAG being of the object's entity tag, so that the rest of another
    object is never put behind it. Raises TransferError.
    """
    first = iter([fresh])
    return RETRYING(lambda: _attempt(store, key, target, next(first, False)))


def _attempt(store: ObjectStore, key: str, target: Path, fresh: bool) -> Checked | None:
    try:
        meta, arrived = _transfer(store, key, target, fresh)
    except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError):
        return None
    except BaseError as error:
        raise TransferError(TOLD.split(str(error).partition("\n")[0])[-1].rstrip(": ")) from None
    part = _part(target, meta)
    _check(part, meta, arrived)
    os.replace(part, target)
    return arrived


def _transfer(store: ObjectStore, key: str, target: Path, fresh: bool) -> "tuple[ObjectMeta, Checked]":
    """Bring the part of the object to its full size; returns what the store says of the object, and what is there."""
    meta = None if fresh else _resumable(store, key, target)
    arrived = Checked() if meta is None else Checked.of(_part(target, meta))
    if meta is not None and arrived.size == meta["size"]:
        return meta, arrived
    try:
        answer = obstore.get(store, key, options={"range": {"offset": arrived.size}} if arrived.size else {})
    except NotSupportedError:  # a web server that knows no ranges
        if meta is not None:
            _part(target, meta).unlink()
        raise
    with open(_part(target, answer.meta), "ab" if arrived.size else "wb") as file:
        for chunk in answer.stream(min_chunk_size=CHUNK):
            file.write(chunk)
            arrived.take(chunk)
    return answer.meta, arrived


def _resumable(store: ObjectStore, key: str, target: Path) -> "ObjectMeta | None":
    """What the store says of the object, if a part of it is there; parts of what it was before are removed."""
    parts = list(target.parent.glob(f"{target.name}.*.part"))
    if not parts:
        return None
    meta = obstore.head(store, key)
    for part in parts:
        if part != _part(target, meta) or part.stat().st_size > meta["size"]:
            part.unlink()
    return meta if _part(target, meta).exists() else None


def _part(target: Path, meta: "ObjectMeta") -> Path:
    tag = hashlib.sha256((meta["e_tag"] or "").encode()).hexdigest()[:12]
    return target.with_name(f"{target.name}.{tag}.part")


def _check(part: Path, meta: "ObjectMeta", arrived: Checked) -> None:
    """Size and, where the entity tag is one, MD5, and that it is no web page; what does not agree is removed."""
    promised = MD5.fullmatch(meta["e_tag"] or "")
    same = not promised or arrived.md5.hexdigest() == promised[1]
    if arrived.size != meta["size"] or not same:
        part.unlink()
        raise TransferError(
            f"{arrived.size} of {meta['size']} bytes arrived" if same else "what arrived has another checksum"
        )
    with open(part, "rb") as file:
        beginning = file.read(64)
    if beginning.lstrip().lower().startswith(PAGES):
        part.unlink()
        raise TransferError("a web page arrived, no video; the network may want a login")


def _refuse_small_disk(job: DownloadJob, samples: Sequence[Sample]) -> None:
    needed = estimates.raw_bytes(int(sample.columns["num_frames"]) for sample in samples)
    free = shutil.disk_usage(job.work).free
    if needed > free:
        raise InputError(
            f"shard {job.shard} needs about {estimates.gigabytes(needed)} for its videos, and {job.work} has "
            f"{estimates.gigabytes(free)} left; make room, or cut the dataset into more shards (config key shards)"
        )


def _deliver(job: DownloadJob, arrived: Mapping[str, Checked], problems: Mapping[str, str]) -> None:
    """Move the videos to `job.output` and list them; what an earlier try brought is read for its checksum."""
    rows = []
    for sample in job.samples:
        facts: tuple[int | str, str] = ("", "")
        if sample.id not in problems:
            found = arrived.get(sample.id) or Checked.of(_arrived(job, sample))
            facts = found.size, found.sha256.hexdigest()
        rows.append((sample.id, sample.columns["filename"], *facts, problems.get(sample.id, "")))
    manifest.write(job.output, rows)
    for sample in job.samples:
        if sample.id not in problems:
            os.replace(_arrived(job, sample), job.output / f"{sample.id}.mp4")


def _arrived(job: DownloadJob, sample: Sample) -> Path:
    return job.work / f"{sample.id}.mp4"


def _key(sample: Sample) -> str:
    return f"{sample.split}/{sample.columns['filename']}"
