"""Reading .npz files from outside: headers alone, or one array at a time, each judged before it is unpacked."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.contract.errors import InputError
from challengeflow.outside.archives import opened, told
from challengeflow.outside.sizes import check_fits, npy_header

ENDING = ".npy"


def headers(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Name -> shape and dtype of each array. Raises InputError where the file is no .npz."""
    return {name: (array.shape, array.dtype) for name, array in _arrays(path, content=False)}


def arrays(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers and texts, in the file's order.

    Raises InputError for a damaged one, or one of Python objects.
    """
    yield from _arrays(path, content=True)


def _arrays(path: Path, content: bool) -> Iterator[tuple[str, np.ndarray]]:
    with opened(path) as parts:
        for part in parts:
            if not part.name.endswith(ENDING):
                continue
            with told(path, "an .npz of arrays"), part.open() as file:
                shape, fortran, dtype = npy_header(file)
                if dtype.hasobject:
                    raise InputError(
                        f"{path}: {part.name} holds Python objects, which are never read; save numbers alone"
                    )
                size = math.prod(shape) * dtype.itemsize
                if size > part.size:
                    raise InputError(f"{path}: {part.name} is cut off; save it again")
                if content:
                    check_fits(2 * size, None, f"{path}: {part.name}")
                    flat = np.frombuffer(file.read(size + 1)[:size], dtype)
                    array = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
                else:
                    array = np.broadcast_to(np.zeros((), dtype), shape)
            yield part.name.removesuffix(ENDING), array
