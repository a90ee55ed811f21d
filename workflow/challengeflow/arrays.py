"""Named arrays per sample, many samples in one shard, without pickle and without a file per sample.

A shard is a folder with `data.bin` (raw little-endian arrays, one after the other) and `index.json` (per sample,
in sample order: its attributes, and name, dtype, shape and offset of each array). Reading maps memory, so one
sample costs one sample. The same content always gives the same bytes.
"""

import json
import math
from collections.abc import Iterator, Mapping
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
        path = self.folder / "data.bin"
        if not path.exists():
            raise self._damaged("data.bin is not there")
        return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)

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
        try:
            text, shape, offset = place
            dtype = np.dtype(text)
            if dtype.kind not in KINDS or not all(type(n) is int and n >= 0 for n in (*shape, offset)):
                raise ValueError
            end = offset + math.prod(shape) * dtype.itemsize
        except (TypeError, ValueError, SyntaxError):
            raise self._damaged(f"index.json does not say where {name!r} is") from None
        if end > len(self._data):
            raise self._damaged("data.bin is cut short")
        array: np.ndarray = self._data[offset:end].view(dtype).reshape(shape)
        return array

    def _damaged(self, how: str) -> InputError:
        return InputError(f"{self.folder} is damaged ({how}); remove it and run the stage that makes it again")


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
