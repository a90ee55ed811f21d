"""A disk without room: recognised by what an error says, or, since libraries say it in their own ways, by the disk."""

import os
from pathlib import Path

from challengeflow.contract.errors import DISK_FULL

LEAST = 1 << 20
"""Bytes: with less free, whatever went wrong while writing went wrong for want of room."""


def is_full(folder: Path) -> bool:
    """Whether there is no room for more bytes, or for more files, where a folder is or would be made."""
    try:
        found = os.statvfs(next(each for each in (folder, *folder.absolute().parents) if each.exists()))
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < LEAST or (found.f_files > 0 and found.f_favail == 0)


def want_of_room(error: BaseException, folder: Path) -> bool:
    """Whether an error, or one behind it, is of a full disk; `folder`: where was written."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in DISK_FULL:
            return True
        seen = seen.__cause__ or seen.__context__
    return is_full(folder)
