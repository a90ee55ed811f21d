"""Videos out of the tar archives of nano, micro and the test set: `challengeflow clog-loss-archive ADDRESS FOLDER`.

An archive is fetched, resumed where it was, and its videos are put into FOLDER, which a config can then name as
`source`. Whatever paths the archive has (`nano_vessels/nano/ID.mp4`, `nano/ID.mp4`, `ID.mp4`), a video lands directly
in FOLDER: only the last part of a name counts, so nothing can be written anywhere else.
"""

import argparse
import os
import re
from pathlib import Path

from challengeflow import InputError, Progress
from challengeflow.outside.archives import Part, opened

VIDEO = re.compile(r"\d+\.mp4")


def main(arguments: list[str]) -> int:
    """Fetch one archive, unless it is a file, and extract its videos."""
    parser = argparse.ArgumentParser(prog="challengeflow clog-loss-archive", description=__doc__.partition("\n")[0])
    parser.add_argument("address", help="http(s) or s3 address of a .tar or .tar.gz, or such a file")
    parser.add_argument("folder", type=Path, help="where the videos go")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    progress = Progress("clog-loss-archive")
    remote = "://" in options.address
    archive = _fetched(options.address, options.folder, progress) if remote else Path(options.address)
    if not archive.is_file():
        raise InputError(f"there is no file {archive}; name an archive, or its address with https:// or s3://")
    count = extract(archive, options.folder, progress)
    if remote:
        archive.unlink()
    print(f"{count} videos of {archive.name} are in {options.folder}")
    return 0


def _fetched(address: str, folder: Path, progress: Progress) -> Path:
    """The archive in `folder`, fetched as long as bytes keep coming; a killed command goes on from what is there."""
    from challengeflow_clog_loss.data import bucket, fetch

    url, _, name = address.rpartition("/")
    target = folder / name
    if target.exists():
        return target
    store = bucket.open_store(url, None)
    have = -1
    while True:
        try:
            progress.message(f"fetching {address}")
            if not fetch.fetch(store, name, target):
                raise InputError(f"{address} is not there; check the address")
            return target
        except fetch.TransferError as error:
            before, have = have, sum(part.stat().st_size for part in folder.glob(f"{name}.*.part"))
            if have <= before:
                raise InputError(
                    f"{address} cannot be fetched ({error}); check the network and run again to go on"
                ) from None


def extract(archive: Path, folder: Path, progress: Progress) -> int:
    """Put the videos of a tar archive (plain or compressed) or a zip into `folder`, each whole or not at all.

    Returns how many.

    Videos of the right size that are there already are kept. Members that are no plain files or not called ID.mp4
    are passed over, with a message. Raises InputError for a damaged archive and for one without videos.
    """
    count = 0
    with opened(archive) as parts:
        for part in progress(parts, f"part of {archive.name}"):
            if part.kind == "file" and VIDEO.fullmatch(part.path.name):
                _put(part, folder / part.path.name)
                count += 1
            elif part.kind != "folder":
                progress.message(f"passed over: {part.name}")
    if not count:
        raise InputError(f"{archive} holds no video ID.mp4; name an archive of the competition's videos")
    return count


def _put(part: Part, target: Path) -> None:
    if target.is_file() and target.stat().st_size == part.size:
        return
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    part.copy(unfinished)
    os.replace(unfinished, target)
