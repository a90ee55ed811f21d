"""What a file from outside will take, judged from its header before any of it is read."""

import ast
import math
import os
import resource
import struct
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from challengeflow.contract.errors import InputError

LONGEST_NPY_HEADER = 16 << 10
OVERHEAD_MB = 512
"""MiB that an interpreter and its libraries reserve and never touch."""

MOST_OBJECTS = 100_000
"""Groups and datasets of an HDF5 file."""


def most_bytes(memory_mb: int | None = None) -> int:
    """Bytes that reading may take: of the machine's memory what the stage may (`Job.memory_mb`), where None what this
    very process may, as behind the door.
    """
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    own, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if memory_mb is not None:
        return min(most, memory_mb << 20)
    return most if own == resource.RLIM_INFINITY else min(most, own - (OVERHEAD_MB << 20))


def check_fits(needed: int, memory_mb: int | None, what: str) -> None:
    """Raise InputError where reading `what` takes more bytes than `most_bytes(memory_mb)`."""
    most = most_bytes(memory_mb)
    if needed > most:
        raise InputError(
            f"{what}: reading it takes about {needed / 1e6:,.0f} MB, and this stage may take {most / 1e6:,.0f}; "
            "make it smaller, or cut it into parts"
        )


def npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype of the .npy that begins here; `file` is then at its content.

    Only dtypes of one number, text or time, and objects, are known. Raises ValueError for any other header.
    """
    if file.read(6) != b"\x93NUMPY":
        raise ValueError("it does not begin as one")
    major = (file.read(2) or b"\0")[0]
    if major not in (1, 2, 3):
        raise ValueError(f"version {major} is not known")
    form = "<H" if major == 1 else "<I"
    (length,) = struct.unpack(form, file.read(struct.calcsize(form)).ljust(struct.calcsize(form), b"\0"))
    if length > LONGEST_NPY_HEADER:
        raise ValueError(f"its header has {length} bytes")
    try:
        header = ast.literal_eval(file.read(length).decode("latin1").strip())
        shape, fortran, descr = header["shape"], header["fortran_order"], header["descr"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise ValueError("its header is not one") from None
    if isinstance(descr, list):
        raise ValueError("it has records with Python objects or fields in them, and no plain numbers")
    if not isinstance(descr, str) or not isinstance(fortran, bool) or not isinstance(shape, tuple):
        raise ValueError("its header states no plain array")
    if len(shape) > 32 or not all(type(size) is int and 0 <= size < 1 << 62 for size in shape):
        raise ValueError("its shape is none")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError):
        raise ValueError(f"its type {descr[:40]!r} is not known") from None
    if dtype.kind not in "biufcSUmMO":
        raise ValueError(f"its type {descr[:40]!r} is none of numbers")
    return shape, fortran, dtype


def check_h5(file: Any, memory_mb: int | None = None) -> None:
    """Raise InputError for an open h5py.File that leads to other files, or holds a dataset that does not fit the
    memory.

    Links to other files, datasets in other files and virtual datasets (of parts of other files) are refused unread.
    """
    name = os.fsdecode(file.filename)
    for place, thing in _objects(file, name):
        if not hasattr(thing, "dtype"):
            continue
        if thing.external is not None or thing.is_virtual:
            raise InputError(f"{name}: {place} keeps its content in other files; export it again as one file")
        check_fits(math.prod(thing.shape or ()) * max(thing.dtype.itemsize, 1), memory_mb, f"{name}: {place}")
        if thing.chunks is not None:
            check_fits(math.prod(thing.chunks) * thing.dtype.itemsize, memory_mb, f"{name}: a chunk of {place}")


def _objects(file: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every group and dataset once, with its place."""
    import h5py

    waiting, seen = [("", file)], set()
    while waiting:
        place, group = waiting.pop()
        for key in group:
            link, inner = group.get(key, getlink=True), f"{place}/{key}"
            if isinstance(link, h5py.ExternalLink):
                raise InputError(f"{name}: {inner} is a link to another file; export it again as one file")
            if isinstance(link, h5py.SoftLink):
                continue  # leads to what is seen in its own place
            thing = group[key]
            address = h5py.h5o.get_info(thing.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS:
                raise InputError(f"{name} has more than {MOST_OBJECTS} parts; export it again")
            yield inner, thing
            if isinstance(thing, h5py.Group):
                waiting.append((inner, thing))
