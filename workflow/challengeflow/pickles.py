"""Reading pickled challenge files without running them.

Some challenges hand out numpy files that hold a pickled dictionary. Loading such a file the usual way runs whatever
its author put there. This reader knows the few names that arrays of numbers need and refuses every other one.
"""

import math
import pickle
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from challengeflow.contract.errors import InputError
from challengeflow.outside.sizes import npy_header

_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_BUFFER_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
ALLOWED = frozenset(
    [(module, name) for module in _ARRAY_MODULES for name in ("_reconstruct", "scalar")]
    + [(module, "_frombuffer") for module in _BUFFER_MODULES]
    + [("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")]
)
"""What a pickle of dictionaries, lists, numbers, texts and number arrays names, under numpy 1 and 2."""

LARGEST_FILE = 8 << 30
"""Bytes above which a file is refused: a pickle is read as a whole."""

_MENDING = "download it again, or ask its author for a file of plain numbers"


def load_npy(path: Path | str) -> Any:
    """Return what the .npy file `path` holds: a plain array, or the object pickled in it (unwrapped if 0-d).

    Raises InputError for a file that is missing, too large, truncated or no .npy file, and for a pickle that names
    anything but the parts of number arrays (`ALLOWED`); in that case nothing of it has run.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            return _load(file, path, size)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the path of a .npy file") from None


def _load(file: BinaryIO, path: Path, size: int) -> Any:
    if size > LARGEST_FILE:
        raise InputError(f"{path} has {size} bytes; at most {LARGEST_FILE} are read, so split the file")
    shape, fortran, dtype = _header(file, path)
    if not dtype.hasobject:
        return _numbers(file, path, shape, dtype, fortran, size)
    value = load_pickle(file, path)
    if not isinstance(value, np.ndarray) or value.shape != shape or value.dtype != object:
        raise InputError(f"{path} does not hold the object array of shape {shape} its header states; {_MENDING}")
    return value.item() if shape == () else value


def load_pickle(file: BinaryIO, path: Path | str) -> Any:
    """Return the object pickled at the position of `file` if it is made of numbers, texts, containers and arrays only.

    path: the name to use in errors. Raises InputError otherwise; nothing but the functions in `ALLOWED` has run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _NumbersOnly(file).load()
    except _ForbiddenName as error:
        raise InputError(
            f"{path} asks to run {error}, which a file of numbers never does; nothing was run; {_MENDING}"
        ) from None
    except (EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            f"{path} is not a whole pickle ({_first_line(error)}): it may be cut off; {_MENDING}"
        ) from None
    except MemoryError:
        raise InputError(f"{path} asks for more memory than there is, so it is damaged; {_MENDING}") from None
    except Exception as error:  # a damaged pickle can fail in any way that its few allowed functions can
        raise InputError(
            f"{path} is a damaged pickle ({type(error).__name__}: {_first_line(error)}); {_MENDING}"
        ) from None


class _ForbiddenName(Exception):
    """A pickle named a function or class that is not in `ALLOWED`."""


class _NumbersOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise _ForbiddenName(f"{module}.{name}")
        if name == "ndarray":
            return np.ndarray
        if name == "dtype":
            return _number_dtype
        if name == "encode":
            return _latin1
        return _ARRAY_FUNCTIONS[name]

    def persistent_load(self, identifier: Any) -> Any:
        raise _ForbiddenName("a persistent identifier")


def _number_dtype(*arguments: Any) -> np.dtype:
    """numpy.dtype as pickles call it, for plain numbers, texts and object arrays only."""
    dtype: np.dtype = np.dtype(*arguments)
    if dtype.kind not in "biufcSUO":
        raise pickle.UnpicklingError(f"array type {dtype} is not one of numbers")
    return dtype


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """How protocol 2 spells bytes; any other codec could run code or swell in memory."""
    if encoding != "latin1":
        raise _ForbiddenName(f"the codec {encoding!r}")
    return text.encode("latin1")


def _reconstruct(kind: type, shape: tuple[int, ...], code: Any) -> np.ndarray:
    """An empty array that its state fills; pickles make it of no elements, so another shape is an attack on memory."""
    if kind is not np.ndarray or math.prod(shape) != 0:
        raise pickle.UnpicklingError("an array is built in a way numpy never writes")
    return np.ndarray.__new__(np.ndarray, shape, code)


def _frombuffer(buffer: Any, dtype: np.dtype, shape: tuple[int, ...], order: Any, axis_order: Any = None) -> np.ndarray:
    array: np.ndarray = np.frombuffer(buffer, dtype=_number_dtype(dtype))
    if order == "K" and axis_order is not None:
        return array.reshape(shape, order="C").transpose(axis_order)
    return array.reshape(shape, order=order)


def _scalar(dtype: np.dtype, value: bytes) -> np.generic:
    number: np.generic = np.frombuffer(value, dtype=_number_dtype(dtype))[0]
    return number


_ARRAY_FUNCTIONS = {"_reconstruct": _reconstruct, "scalar": _scalar, "_frombuffer": _frombuffer}


def _header(file: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        return npy_header(file)
    except ValueError as error:
        raise InputError(
            f"{path} is not a .npy file ({_first_line(error)}); give a file written by numpy.save"
        ) from None


def _numbers(
    file: BinaryIO, path: Path, shape: tuple[int, ...], dtype: np.dtype, fortran: bool, size: int
) -> np.ndarray:
    expected = math.prod(shape) * dtype.itemsize
    if size - file.tell() < expected:
        raise InputError(
            f"{path} is cut off: {expected} bytes of numbers expected, {size - file.tell()} found; {_MENDING}"
        )
    numbers = np.fromfile(file, dtype=dtype, count=math.prod(shape))
    return numbers.reshape(shape[::-1]).T if fortran else numbers.reshape(shape)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
