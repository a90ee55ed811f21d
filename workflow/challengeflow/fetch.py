"""Downloading one file: resumed, retried, and checked before anybody sees it."""

import hashlib
import os
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.contract.progress import Progress

CHUNK = 1 << 20
ATTEMPTS = 5


def fetch(
    url: str, path: Path, *, work: Path, progress: Progress, size: int | None = None, md5: str | None = None
) -> None:
    """Download `url` to `path` (same disk as `work`), going on from the bytes already in `work`.

    size: expected bytes; md5: expected hex digest. Raises InputError when the server keeps failing, or when
    what arrived has another size or checksum (the partial file is removed then, so the next run starts afresh).
    """
    import requests
    from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

    part = Path(work) / (Path(path).name + ".download")

    @retry(
        retry=retry_if_exception_type(
            (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        ),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(max=30),
        reraise=True,
    )
    def attempt() -> None:
        have = part.stat().st_size if part.exists() else 0
        if size is not None and have == size:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=60) as answer:
            if answer.status_code >= 500:
                raise requests.ConnectionError(f"{url} answers {answer.status_code}")
            answer.raise_for_status()
            resumed = answer.status_code == 206
            with open(part, "ab" if resumed else "wb") as file:
                for chunk in progress(answer.iter_content(CHUNK), f"MiB of {Path(path).name}"):
                    file.write(chunk)

    try:
        attempt()
    except requests.RequestException as error:
        raise InputError(
            f"cannot download {url}: {error}; check the network and run again, it will go on from here"
        ) from None
    _check(part, url, size, md5)
    os.replace(part, path)


def _check(part: Path, url: str, size: int | None, md5: str | None) -> None:
    found = part.stat().st_size
    if size is not None and found != size:
        part.unlink()
        raise InputError(f"{url} gave {found} bytes where {size} were expected; run again to download it afresh")
    if md5 is not None:
        with open(part, "rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()
        if digest != md5:
            part.unlink()
            raise InputError(f"{url} has md5 {digest} where {md5} was expected; run again to download it afresh")
