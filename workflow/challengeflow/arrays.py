"""Named arrays per sample, many samples in one shard, without pickle and without a file per sample.

A shard is a folder with `data.bin` (raw little-endian arrays, one after the other) and `index.json` (per sample,
in sample order: its attributes, and name, dtype, shape and offset of each array). Reading maps memory, so one
sample costs one sample. The same content always gives the same bytes.
"""

import json
import math
from array import array as packed
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.contract.errors import InputError

ALIGNMENT = 64
KINDS = "biufcSUmM"
"""Of numpy: truth values, numbers, texts and times; never objects."""


class Writer:
    """Writes a shard of named arrays: `with Writer(folder) as out: out.add("id", {"status": "ok"}, pose=array)`."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._entries: list[dict[str, Any]] = []

    def __enter__(self) -> "Writer":
        self._file = open(self.folder / "data.bin", "wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self._file.close()
        if kind is None:
            (self.folder / "index.json").write_text(json.dumps(self._entries, separators=(",", ":")) + "\n")

    def add(self, sample: str, attributes: Mapping[str, Any] | None = None, /, **arrays: np.ndarray) -> None:
        """Append one sample; `attributes` is anything JSON holds."""
        places: dict[str, list[Any]] = {}
        for name, array in arrays.items():
            array = np.asarray(array, order="C")
            if array.dtype.hasobject:
                raise TypeError(f"array {name!r} of sample {sample!r} holds Python objects; convert it to numbers")
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
            self._file.write(b"\0" * (-self._file.tell() % ALIGNMENT))
            places[name] = [array.dtype.str, list(np.shape(array)), self._file.tell()]
            self._file.write(array.tobytes())
        self._entries.append({"sample": sample, "attributes": dict(attributes or {}), "arrays": places})


class Arrays(Mapping[str, dict[str, np.ndarray]]):
    """A shard, read: sample id -> {name: array}, in sample order; arrays are read-only views of the file."""

    def __init__(self, folder: Path | None):
        """folder: None is what a stage is not given (the gold of a shard, say): ValueError."""
        if folder is None:
            raise ValueError("the stage is not given the gold or predictions that it reads; see `challengeflow.Shard`")
        self.folder = Path(folder)
        try:
            entries = json.loads((self.folder / "index.json").read_text())
        except FileNotFoundError:
            raise InputError(
                f"{self.folder} holds no arrays (no index.json); run the stage that makes it again"
            ) from None
        except (ValueError, RecursionError):
            raise self._damaged("index.json is not JSON") from None
        if not isinstance(entries, list) or not all(map(_is_entry, entries)):
            raise self._damaged("index.json lists no samples")
        self._entries = {entry["sample"]: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise self._damaged("index.json lists a sample twice")

    @cached_property
    def _data(self) -> np.ndarray:
        return _mapped(self.folder)

    def __getitem__(self, sample: str) -> dict[str, np.ndarray]:
        return {name: self._view(name, place) for name, place in self._entries[sample]["arrays"].items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def attributes(self, sample: str) -> dict[str, Any]:
        """The attributes of a sample; prepared samples have at least `status` and `shape`."""
        attributes: dict[str, Any] = self._entries[sample]["attributes"]
        return attributes

    def ok(self) -> list[str]:
        """The ids of the samples that could be read."""
        return [sample for sample in self if self.attributes(sample).get("status") == "ok"]

    def _view(self, name: str, place: Any) -> np.ndarray:
        return _viewed(self._data, self.folder, name, place)

    def _damaged(self, how: str) -> InputError:
        return _damaged(self.folder, how)


class ManyArrays:
    """Samples of many shards by number, for a training that reads each of half a million again and again.

    `Arrays` keeps two kilobytes of Python a sample; here an array's place is a few numbers, some 100 bytes a sample.
    All samples have arrays of the same names, dtypes and numbers of dimensions.
    """

    def __init__(self) -> None:
        self._folders: list[Path] = []
        self._mapped: list[np.ndarray] = []
        self._kinds: list[tuple[str, str, int]] = []
        self._numbers = packed("q")  # of a sample: its shard, and of each array the offset and the shape

    def add(self, shard: Arrays, samples: Iterable[str]) -> None:
        """Append samples of a shard, in this order. Raises ValueError for one whose arrays are of other kinds."""
        self._folders.append(shard.folder)
        self._mapped.append(shard._data)
        for sample in samples:
            places = shard._entries[sample]["arrays"]
            for name, place in places.items():
                shard._view(name, place)  # raises InputError where the index is damaged
            kinds = [(name, text, len(shape)) for name, (text, shape, _) in places.items()]
            self._kinds = self._kinds or kinds
            if kinds != self._kinds:
                raise ValueError(f"the arrays of {sample} are {kinds}, those before it {self._kinds}")
            self._numbers.append(len(self._folders) - 1)
            for _, shape, offset in places.values():
                self._numbers.extend((offset, *shape))

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of a sample, read-only views of its shard's file."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        shard, *numbers = self._numbers[number * self._width : (number + 1) * self._width]
        found = {}
        for name, text, dimensions in self._kinds:
            offset, *shape = numbers[: dimensions + 1]
            del numbers[: dimensions + 1]
            found[name] = _viewed(self._mapped[shard], self._folders[shard], name, (text, shape, offset))
        return found

    def __len__(self) -> int:
        return len(self._numbers) // self._width

    @property
    def _width(self) -> int:
        return 1 + sum(1 + dimensions for *_, dimensions in self._kinds)


def _mapped(folder: Path) -> np.ndarray:
    path = folder / "data.bin"
    if not path.exists():
        raise _damaged(folder, "data.bin is not there")
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)


def _viewed(data: np.ndarray, folder: Path, name: str, place: Any) -> np.ndarray:
    """The array of that name at a place of the index: dtype, shape, offset."""
    try:
        text, shape, offset = place
        dtype = np.dtype(text)
        if dtype.kind not in KINDS or not all(type(n) is int and n >= 0 for n in (*shape, offset)):
            raise ValueError
        end = offset + math.prod(shape) * dtype.itemsize
    except (TypeError, ValueError, SyntaxError):
        raise _damaged(folder, f"index.json does not say where {name!r} is") from None
    if end > len(data):
        raise _damaged(folder, "data.bin is cut short")
    found: np.ndarray = data[offset:end].view(dtype).reshape(shape)
    return found


def _damaged(folder: Path, how: str) -> InputError:
    return InputError(f"{folder} is damaged ({how}); remove it and run the stage that makes it again")


def _is_entry(entry: Any) -> bool:
    """Whether this is how the index states a sample."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("sample"), str)
        and all(isinstance(entry.get(part), dict) for part in ("attributes", "arrays"))
    )


class Predictions(Mapping[str, np.ndarray]):
    """Sample id -> scores in [0, 1] in the shape the challenge states: a scalar, (T, classes), or a volume.

    Gold has the same form: 0 or 1 in the shape of a perfect prediction (frames without a label are all zero).
    """

    def __init__(self, folder: Path | None):
        self._arrays = Arrays(folder)

    def __getitem__(self, sample: str) -> np.ndarray:
        return self._arrays[sample]["scores"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def write_scores(folder: Path, scores: Iterator[tuple[str, np.ndarray]]) -> None:
    """Write predictions or gold: pairs of sample id and scores, in sample order, one at a time."""
    with Writer(folder) as out:
        for sample, values in scores:
            out.add(sample, scores=values)
