"""Archives from outside, tar (plain or compressed) and zip, read part by part, for those who pick what they know by
name.

No header makes an archive swell beyond what one of its size can hold. Whatever is wrong is one InputError. `unpacking`
lays out whole archives.
"""

import bz2
import errno
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, cast

from challengeflow.contract.errors import InputError

MOST_PARTS = 1_000_000
LARGEST_RATIO = 100
"""Bytes an archive may unpack to for each byte of its own, above `ALWAYS` bytes.

Text packs to a tenth, scans to a third.
"""

ALWAYS = 64 << 20
CHUNK = 1 << 20
LONGEST_HEADER = 32 << 10
_COMPRESSED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_OF_THIS_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE}

Kind = Literal["file", "folder", "link", "hard link", "other"]


@dataclass(frozen=True)
class Part:
    """One part of `archive`. name: as it stands there; size: bytes of a file; target: of a link; open: the file's
    content.

    What `open` gives may raise whatever a damaged archive does: read it inside `told`.
    """

    archive: Path
    name: str
    kind: Kind
    size: int
    open: Callable[[], IO[bytes]]
    mode: int = 0o644
    changed: float = 0
    target: str = ""
    crc: int = 0

    @property
    def path(self) -> PurePosixPath:
        """The name without `./` and a leading `/`."""
        return relative(self.name)

    def copy(self, target: Path) -> None:
        """Write the content to a file that is not there yet. Raises InputError where the archive is damaged."""
        with told(self.archive), self.open() as source, open(target, "xb") as file:
            shutil.copyfileobj(source, file, CHUNK)

    def read(self, most: int) -> bytes:
        """The content. Raises InputError where it is damaged or has more than `most` bytes."""
        if self.size > most:
            raise InputError(
                f"{self.archive}: {self.name!r} has {self.size} bytes, more than the {most} it may have; pack it anew"
            )
        with told(self.archive), self.open() as file:
            return file.read()


@dataclass
class Budget:
    """What may still come out of an archive of `packed` bytes; shared by archives that lie in one another."""

    path: Path
    packed: int
    parts: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, path: Path) -> "Budget":
        return cls(path, path.stat().st_size)

    @property
    def most(self) -> int:
        """Bytes that may come out in all."""
        return max(ALWAYS, LARGEST_RATIO * self.packed)

    def take(self, size: int) -> None:
        """Count one more part. Raises InputError where it is too much."""
        self.parts += 1
        self.bytes += size
        if size < 0 or self.parts > MOST_PARTS:
            raise InputError(f"{self.path} states more than {MOST_PARTS} parts, or one of no size; pack it anew")
        if self.bytes > self.most:
            raise InputError(
                f"{self.path} has {self.packed} bytes and would unpack to more than {self.most}, which no sound "
                "archive "
                "does; nothing more of it is read; pack it anew"
            )


@contextmanager
def told(path: Path, what: str = "an archive") -> Iterator[None]:
    """Make one InputError of whatever a damaged file does to those who read it.

    Faults of this machine stay what they are.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # readers of archives fail in as many ways as there are damaged archives
        if isinstance(error, OSError) and error.errno in _OF_THIS_MACHINE:
            raise
        reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise InputError(f"{path} cannot be read as {what} ({reason}); fetch it again or pack it anew") from None


@contextmanager
def opened(path: Path, inner: IO[bytes] | None = None, budget: Budget | None = None) -> Iterator[Iterator[Part]]:
    """The parts of an archive, in its order, each to be read before the next one is asked for.

    inner, budget: of an archive that lies in the archive `path`, its content and what the outer one has left. Raises
    InputError, also while parts are taken: for what is no archive, is damaged, or unpacks to too much.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}; give the path of a tar or zip archive")
    left = budget or Budget.of(path)
    with ExitStack() as stack:
        with told(path):
            file = stack.enter_context(open(path, "rb")) if inner is None else inner
            beginning = file.read(512)
            packed = next((opener for start, opener in _COMPRESSED.items() if beginning.startswith(start)), None)
            if packed is None and beginning[257:262] != b"ustar" and zipfile.is_zipfile(file):
                parts = _zip_parts(stack.enter_context(zipfile.ZipFile(file)), left)
            else:
                file.seek(0)
                bounded = _Bounded(stack.enter_context(packed(file)) if packed else file, left)
                archive = stack.enter_context(tarfile.open(fileobj=bounded, mode="r:"))  # type: ignore[call-overload]
                parts = _tar_parts(archive, bounded, left)
        yield parts


def names(path: Path) -> list[str]:
    """The normal names of all parts."""
    with opened(path) as parts:
        return [part.path.as_posix() for part in parts]


@contextmanager
def found(path: Path, name: str) -> Iterator[Part]:
    """The file `name` of an archive, to be read. Raises InputError where it is not there."""
    with opened(path) as parts:
        part = next((part for part in parts if part.kind == "file" and part.path == relative(name)), None)
        if part is None:
            raise InputError(f"{path} holds no file {name}; pack it anew")
        yield part


def relative(name: str) -> PurePosixPath:
    """A name without `./` and a leading `/`."""
    return PurePosixPath(*(word for word in PurePosixPath(name).parts if word.strip("/")))


def _zip_parts(archive: zipfile.ZipFile, left: Budget) -> Iterator[Part]:
    for info in archive.infolist():
        with told(left.path):
            left.take(info.file_size)
            mode = info.external_attr >> 16
            kind: Kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            target = archive.read(info).decode() if kind == "link" and info.file_size < 4096 else ""

            def content(info: zipfile.ZipInfo = info) -> IO[bytes]:
                return archive.open(info)

        yield Part(left.path, info.filename, kind, info.file_size, content, mode or 0o644, target=target, crc=info.CRC)


def _tar_parts(archive: tarfile.TarFile, bounded: "_Bounded", left: Budget) -> Iterator[Part]:
    kinds: dict[bytes, Kind] = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link"}
    before = -1
    while True:
        with told(left.path):
            bounded.largest = LONGEST_HEADER
            member = archive.next()
            bounded.largest = None
            if member is None:
                return
            if member.offset <= before or member.issparse():
                raise InputError(f"{left.path} has a part {member.name!r} of a form that is not read; pack it anew")
            before = member.offset
            left.take(member.size)
            archive.members = []  # type: ignore[attr-defined]  # kept for random access, which nobody wants

            def content(member: tarfile.TarInfo = member) -> IO[bytes]:
                return cast(IO[bytes], archive.extractfile(member))

        kind = kinds.get(member.type, "file" if member.isreg() else "other")
        yield Part(left.path, member.name, kind, member.size, content, member.mode, member.mtime, member.linkname)


class _Bounded:
    """A file for tarfile that reads no header of any length and stops a decompression that goes on and on."""

    def __init__(self, file: IO[bytes], left: Budget):
        self.largest: int | None = LONGEST_HEADER
        self._file = file
        self._left = left

    def read(self, size: int = -1) -> bytes:
        if self.largest is not None and not 0 <= size <= self.largest:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self._check(self._file.tell() + max(size, 0))
        return self._file.read(size)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        self._check(place)
        return self._file.seek(place, whence)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def _check(self, place: int) -> None:
        if not 0 <= place <= self._left.most + CHUNK + self._left.parts * 1024:
            raise tarfile.ReadError("it states a place beyond what an archive of its size holds")
