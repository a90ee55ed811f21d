"""What the core checks of arrays that a stage wrote: their samples, and the form that the challenge declares of
them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from challengeflow.answers import out_of_range
from challengeflow.arrays import Arrays, Predictions
from challengeflow.contract.errors import ContractError
from challengeflow.contract.forms import Axes, Gold, Prediction, form


def check_prepared(folder: Path, samples: Sequence[str], where: str, prediction: Prediction) -> dict[str, str]:
    """Every sample in order, each with a status and the shape of its prediction.

    Returns the failed ones: id -> reason.
    """
    what = f"preprocess of {where}"
    prepared = _read(folder, what, "job.prepared", "challengeflow.arrays.Writer")
    _check_ids(prepared, samples, what)
    alike: dict[str, int] = {}
    for sample in prepared:
        attributes = prepared.attributes(sample)
        missing = {"status", "shape"} - set(attributes)
        if missing:
            raise ContractError(
                f"{what}: sample {sample!r} lacks the attribute {min(missing)!r}; "
                "status is 'ok' or a reason, shape that of its prediction"
            )
        shape = tuple(attributes["shape"])
        _check_axes(shape, prediction.axes, f"{what}: the shape stated for {sample!r}", "Challenge.prediction")
        for (axis, size), length in zip(prediction.axes.items(), shape, strict=True):
            if size == "dataset" and alike.setdefault(axis, length) != length:
                raise ContractError(
                    f"{what}: {sample!r} has {length} {axis} where others have {alike[axis]}; "
                    'an axis of the size "dataset" is the same in all samples'
                )
    return {s: prepared.attributes(s)["status"] for s in prepared if prepared.attributes(s)["status"] != "ok"}


def check_gold(
    folder: Path, prepared: Path, samples: Sequence[str], where: str, prediction: Prediction, declared: Gold | None
) -> None:
    """Gold holds samples of the shard alone, in its order, in the declared form (one whose label is unknown may be left
    out)."""
    what = f"gold of {where}"
    gold = _read(folder, what, "job.gold", "challengeflow.arrays.write_scores")
    _check_ids(gold, [sample for sample in samples if sample in gold], what)
    _check_scores_there(gold, what)
    shapes, said = Arrays(prepared), "Challenge.gold" if declared else "Challenge.prediction"
    axes, bounds = (declared.axes, declared.range) if declared else (prediction.axes, prediction.range)
    for sample in gold:
        truth = gold[sample]["scores"]
        _check_axes(truth.shape, axes, f"{what}: {sample!r}", said)
        stated = dict(zip(prediction.axes, shapes.attributes(sample)["shape"], strict=True))
        for (axis, size), length in zip(axes.items(), truth.shape, strict=True):
            if size == "sample" and axis in stated and stated[axis] != length:
                raise ContractError(f"{what}: {sample!r} has {length} {axis} where its prediction has {stated[axis]}")
        known = truth[~np.isnan(truth)] if declared and declared.partial and truth.dtype.kind == "f" else truth
        if out_of_range(known, bounds):
            mend = (
                "NaN is for what is not known, where Gold.partial says so" if np.isnan(known).any() else f"see {said}"
            )
            raise ContractError(f"{what}: {sample!r} holds values {_outside(bounds)}; {mend}")


def check_predictions(folder: Path, prepared: Path, samples: Sequence[str], where: str, prediction: Prediction) -> None:
    """Every sample in order, in the shape that preprocess stated, as the challenge declares."""
    what = f"predictions of {where}"
    written = _read(folder, what, "job.output", "challengeflow.arrays.write_scores")
    _check_ids(written, samples, what)
    _check_scores_there(written, what)
    shapes, predictions = Arrays(prepared), Predictions(folder)
    free = [place for place, size in enumerate(prediction.axes.values()) if size == "answer"]
    for sample in predictions:
        found, shape = predictions[sample].shape, tuple(shapes.attributes(sample)["shape"])
        fits = len(found) == len(shape) and all(
            a == b or i in free for i, (a, b) in enumerate(zip(found, shape, strict=True))
        )
        if not fits:
            raise ContractError(f"{what}: {sample!r} has shape {found} where {shape} was stated")
    check_answers(folder, prediction, prediction.axes, what)


def check_answers(folder: Path, prediction: Prediction, axes: Axes | None, what: str) -> None:
    """All answers are finite, of a declared dtype and range, and have these axes (None: any)."""
    predictions = Predictions(folder)
    for sample in predictions:
        scores = predictions[sample]
        if axes is not None:
            _check_axes(scores.shape, axes, f"{what}: {sample!r}", "Challenge.prediction")
        if scores.dtype not in [np.dtype(name) for name in prediction.dtypes]:
            raise ContractError(f"{what}: {sample!r} is {scores.dtype}; use {' or '.join(prediction.dtypes)}")
        if out_of_range(scores, prediction.range):
            raise ContractError(f"{what}: {sample!r} has scores {_outside(prediction.range)}")


def _check_axes(shape: tuple[int, ...], axes: Axes, what: str, declared: str) -> None:
    expected = [length if isinstance(size, str) else size for size, length in zip(axes.values(), shape, strict=False)]
    if len(shape) != len(axes) or list(shape) != expected:
        raise ContractError(f"{what} has the shape {shape} where {declared} says {form(axes)}")


def _outside(bounds: tuple[float | None, float | None]) -> str:
    """The fault of a value beyond the bounds, in words."""
    low, high = bounds
    if low is None or high is None:
        limit = f" below {low:g}" if low is not None else f" above {high:g}" if high is not None else ""
        return f"that are NaN, infinite{' or' if limit else ''}{limit}"
    return f"outside {low:g} to {high:g} or NaN"


def _read(folder: Path, what: str, output: str, writer: str) -> Arrays:
    if not (folder / "index.json").exists():
        raise ContractError(f"{what} wrote no arrays; write them into {output} with {writer}")
    return Arrays(folder)


def _check_scores_there(arrays: Arrays, what: str) -> None:
    for sample in arrays:
        if "scores" not in arrays[sample]:
            raise ContractError(
                f"{what}: {sample!r} has no array 'scores'; write it with challengeflow.arrays.write_scores"
            )


def _check_ids(found: Iterable[str], expected: Sequence[str], what: str) -> None:
    found = list(found)
    if found == list(expected):
        return
    there, wanted = set(found), set(expected)
    missing = [sample for sample in expected if sample not in there]
    extra = [sample for sample in found if sample not in wanted]
    detail = f"{missing[0]!r} is missing" if missing else f"{extra[0]!r} is extra" if extra else "the order differs"
    raise ContractError(
        f"{what}: the samples are not those of the shard: {detail}; give every sample of the shard, in its order"
    )
