"""Official videos over HTTPS: resumed where a transfer broke, size checked, a video at a time."""

import os
from pathlib import Path

import requests
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from challengeflow import DownloadJob, InputError

TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
CHUNK = 1 << 18


class TransferError(Exception):
    """A transfer that may well work when tried again."""


def fetch_videos(job: DownloadJob) -> None:
    """Fetch the shard's videos into `job.output`; one the server does not have is left out, for preprocess to report.

    Raises InputError when the server cannot be reached; what has arrived stays in `job.work` for the next try.
    """
    url = job.parameters["url"].rstrip("/")
    with requests.Session() as session:
        for sample in job.progress(job.samples, "video"):
            address = f"{url}/{sample.split}/{sample.columns['filename']}"
            try:
                found = fetch(session, address, job.work / f"{sample.id}.mp4")
            except (TransferError, requests.RequestException) as error:
                raise InputError(
                    f"{address} cannot be fetched ({error}); check the network and run again to go on"
                ) from None
            if not found:
                job.progress.message(f"{address} is not on the server; the video is reported as missing")
    for sample in job.samples:
        if (job.work / f"{sample.id}.mp4").exists():
            os.replace(job.work / f"{sample.id}.mp4", job.output / f"{sample.id}.mp4")


@retry(
    retry=retry_if_exception_type((TransferError, requests.ConnectionError, requests.Timeout)),
    stop=stop_after_attempt(6),
    wait=wait_exponential(multiplier=0.5, max=30),
    reraise=True,
)
def fetch(session: requests.Session, address: str, target: Path) -> bool:
    """Fetch one file whole; False where the server says there is none (S3 answers 403 or 404)."""
    if target.exists():
        return True
    part = target.with_suffix(".part")
    have = part.stat().st_size if part.exists() else 0
    with session.get(
        address, headers={"Range": f"bytes={have}-"} if have else {}, stream=True, timeout=TIMEOUT
    ) as answer:
        if answer.status_code in (403, 404, 410):
            return False
        if answer.status_code == 416:
            part.unlink()
            raise TransferError("what was fetched before does not fit the file")
        if answer.status_code not in (200, 206):
            raise TransferError(f"the server answered {answer.status_code}")
        resumed = answer.status_code == 206
        expected = int(answer.headers.get("Content-Length", -1))
        with open(part, "ab" if resumed else "wb") as file:
            try:
                received = sum(file.write(chunk) for chunk in answer.iter_content(CHUNK))
            except requests.exceptions.ChunkedEncodingError as error:
                raise TransferError(str(error)) from None
    if expected >= 0 and received != expected:
        raise TransferError(f"{received} of {expected} bytes arrived")
    os.replace(part, target)
    return True
