"""Finding pickles, whatever a file is called and however it is packed; nothing found is ever loaded.

A pickle is a list of instructions that loading carries out. It is found by following its instructions on paper: at the
beginning of a file, or anywhere in it where calling something would be among them.
"""

import bz2
import gzip
import io
import lzma
import mmap
import pickle
import pickletools
import re
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from numpy.lib import format as npy

LARGEST_PART = 64 << 20
"""Bytes of a packed part that are looked at."""

DEEPEST = 3
"""Archives within archives."""

_BEGINNING = re.compile(rb"\x80[\x02-\x05]|[ci][A-Za-z_][\w.]*\r?\n[A-Za-z_][\w.]*\r?\n|\(c[A-Za-z_]")
_NAME = re.compile(r"[A-Za-z_][\w.]*\Z")
_REFUSED = {"EXT1", "EXT2", "EXT4"}  # of codes that a program has registered; no loader of models does
_CALLING = {"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
_UNPACKED_BY: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
    b"\x5d\0\0": lzma.open,
}


def pickled(folder: Path) -> Iterator[str]:
    """The files below a folder that hold a pickle, with how they hold it: paths relative to the folder, sorted."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if (how := in_file(path)) is not None:
            yield f"{path.relative_to(folder)} ({how})"


def in_file(path: Path) -> str | None:
    """How a file holds a pickle, in a few words; None where it holds none."""
    if path.stat().st_size == 0:
        return None
    quiet = warnings.catch_warnings(action="ignore")  # of what looks like text in a pickle
    with quiet, open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _in_bytes(content, DEEPEST)


def _in_bytes(content: mmap.mmap | bytes, depth: int) -> str | None:
    if _is_object_array(content):
        return "an array of Python objects"
    if any(_runs(content, found.start()) for found in _BEGINNING.finditer(content)):
        return "a pickle"
    if depth == 0:
        return None
    for part, packed in _parts(content):
        try:
            if (how := _in_bytes(packed.read(LARGEST_PART), depth - 1)) is not None:
                return f"{how} in {part}"
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
            continue  # damaged, encrypted, or not what it looked like: nothing that a reader would load
    return None


def _is_object_array(content: mmap.mmap | bytes) -> bool:
    if content[:6] != b"\x93NUMPY":
        return False
    file = io.BytesIO(content[: 1 << 16])
    try:
        read = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
        return bool(read(file)[2].hasobject)
    except Exception:  # a header is parsed as Python text, which can fail in many ways
        return False


def _parts(content: mmap.mmap | bytes) -> Iterator[tuple[str, IO[bytes]]]:
    """What is packed in an archive or a compressed file, each opened."""
    for beginning, opener in _UNPACKED_BY.items():
        if content[: len(beginning)] == beginning:
            yield "a compressed file", opener(io.BytesIO(content))
    if content[:1] == b"\x78" and int.from_bytes(content[:2], "big") % 31 == 0:
        yield "a compressed file", io.BytesIO(_inflated(content))
    if content[:2] == b"PK" or content.rfind(b"PK\x05\x06", max(0, len(content) - (1 << 16) - 22)) != -1:
        yield from _members(content)
    if content[257:262] == b"ustar":
        yield from _entries(content)


def _members(content: mmap.mmap | bytes) -> Iterator[tuple[str, IO[bytes]]]:
    """What is in a zip; a member that cannot be opened (encrypted, say) hides none of those behind it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return  # no reader would open it either
    for member in archive.infolist():
        try:
            opened = archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
            continue
        yield f"the part {member.filename!r}", opened


def _entries(content: mmap.mmap | bytes) -> Iterator[tuple[str, IO[bytes]]]:
    """What is in a tar; a link that leads nowhere hides none of the entries behind it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            for entry in files:
                try:
                    opened = files.extractfile(entry)
                except KeyError:
                    continue
                if opened is not None:
                    yield f"the part {entry.name!r}", opened
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return  # what lies behind the damage no reader would reach either


def _inflated(content: mmap.mmap | bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, LARGEST_PART)
    except zlib.error:
        return b""


def _runs(content: mmap.mmap | bytes, start: int) -> bool:
    """Whether the bytes from `start` on, followed as a pickle's instructions, come to call something that they name.

    At the very beginning, three instructions behind the mark of a pickle are enough.
    """
    named, stack, texts = False, 0, 0
    marks: list[int] = []
    kept: set[int] = set()
    try:
        for number, (code, argument, _) in enumerate(
            pickletools.genops(io.BytesIO(content[start : start + (1 << 16)]))
        ):
            if number == 3 and start == 0 and content[0] == 0x80:
                return True
            if code.name in _REFUSED or (code.name == "PROTO" and int(argument or 0) > pickle.HIGHEST_PROTOCOL):
                return False
            if code.name in ("GLOBAL", "INST"):
                named = named or all(_NAME.match(word) for word in str(argument).split(" ", 1))
            elif code.name == "STACK_GLOBAL":  # a loader wants two texts, which may come from its memory
                named = named or texts > 1
            texts += code.name.endswith(("UNICODE", "UNICODE8", "STRING", "GET", "DUP"))
            if code.name.endswith("PUT") or code.name == "MEMOIZE":
                kept.add(len(kept) if argument is None else int(argument))
            elif code.name.endswith("GET") and int(argument or 0) not in kept:
                return False
            popped = [kind.name for kind in code.stack_before]
            if "mark" in popped:
                stack = marks.pop() - popped.index("mark")
            else:
                stack -= len(popped)
            if stack < 0:
                return False
            if code.name in _CALLING and named:
                return True
            if code.name == "MARK":
                marks.append(stack)
            else:
                stack += len(code.stack_after)
    except (ValueError, IndexError, UnicodeDecodeError):
        return False
    return start == 0 and content[0] == 0x80
