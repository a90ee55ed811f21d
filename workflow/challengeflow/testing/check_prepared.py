"""Prepared arrays held against what the challenge declares of them: a model is written from the declaration alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from challengeflow.arrays import Arrays
from challengeflow.contract.declare import Challenge
from challengeflow.contract.forms import Axes, PreparedArray, form

OF_ALL = ("status", "shape")


def complaints(challenge: Challenge, dataset: str, folders: list[Path]) -> Iterator[str]:
    """One sentence for each array or attribute of a dataset's shards that is not declared, or not as declared."""
    if not challenge.prepared:
        yield "Challenge.prepared is empty; declare each array that preprocess writes, with a PreparedArray"
        return
    declared, alike = {array.name: array for array in challenge.prepared}, dict[str, int]()
    for arrays in map(Arrays, folders):
        for sample in arrays:
            where = f"{dataset}, sample {sample!r}"
            for name in set(arrays.attributes(sample)) - {*OF_ALL, *challenge.attributes}:
                yield f"{where} has an attribute {name!r}, which Challenge.attributes does not explain"
            ok, here = arrays.attributes(sample)["status"] == "ok", dict[str, int]()
            for name, values in arrays[sample].items():
                if name not in declared:
                    yield f"{where} has an array {name!r}, which Challenge.prepared does not declare"
                    continue
                yield from _array(declared[name], values, here, alike, where)
            needed = [array.name for array in challenge.prepared if ok and not array.optional]
            for name in set(needed) - set(arrays[sample]):
                yield f"{where} lacks the array {name!r}; declare it optional, or write it"


def _array(
    declared: PreparedArray, values: np.ndarray, here: dict[str, int], alike: dict[str, int], where: str
) -> Iterator[str]:
    """here: sizes of the sample's axes so far; alike: of those that are the same in all samples of the dataset."""
    if values.dtype != np.dtype(declared.dtype) and not (declared.dtype == "str" and values.dtype.kind == "U"):
        yield f"{where}: {declared.name!r} is {values.dtype}; Challenge.prepared says {declared.dtype}"
    if not _fits(values.shape, declared.axes, here, alike):
        yield f"{where}: {declared.name!r} has the shape {values.shape}; Challenge.prepared says {form(declared.axes)}"


def _fits(shape: tuple[int, ...], axes: Axes, here: dict[str, int], alike: dict[str, int]) -> bool:
    if len(shape) != len(axes):
        return False
    for (axis, size), length in zip(axes.items(), shape, strict=True):
        expected = size if isinstance(size, int) else (alike if size == "dataset" else here).setdefault(axis, length)
        if expected != length:
            return False
    return True
