"""The form of a challenge's arrays: what an answer to one sample is, what its gold is, what preprocess writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from challengeflow.contract.errors import InputError

Axes = Mapping[str, int | str]
"""Axis name (classes, frames, rows, columns, boxes, horizon, quantiles, ...) -> its size, or what that depends on.

"dataset": one size in all samples of a dataset (the classes of its vocabulary); "sample": known for each sample before
it is answered (its frames); "answer": as many as an answer has (boxes found).
"""

SIZES = ("dataset", "sample", "answer")
MERGES = ("mean", "vote")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What an answer to one sample is: an array `scores` with these axes, finite, of one of `dtypes`, within `range`.

    axes: see `Axes`; none: one number. `preprocess` states each sample's `shape`: the size of every axis, of one that
    depends on the answer what the controls shall answer.
    dtypes: the first is what controls answer. range: least and greatest value, None where there is no bound; the
    controls then keep to that of the training gold.
    merge: how several answers become one, in an ensemble and over fold models: "mean"; "vote", the most frequent value
    at each place; the name of a module with `merge(answers: list[np.ndarray], weights: list[float]) -> np.ndarray`;
    None: not at all. Raises InputError for a declaration that contradicts itself.
    """

    axes: Axes = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float32", "float16")
    range: tuple[float | None, float | None] = (0.0, 1.0)
    merge: str | None = "mean"

    def __post_init__(self) -> None:
        _check_axes("Prediction", self.axes)
        if not self.dtypes:
            raise InputError("Prediction.dtypes is empty; name the dtypes an answer may have")
        if self.merge in MERGES and "answer" in self.axes.values():
            raise InputError(
                f"Prediction.merge is {self.merge!r}, which answers of different sizes have not; "
                "name a module with merge(answers, weights), or None"
            )
        if self.merge == "mean" and not self.dtypes[0].startswith("float"):
            raise InputError(
                f"Prediction.merge is 'mean', which {self.dtypes[0]} has not; take 'vote', a module or None"
            )


@dataclass(frozen=True, kw_only=True)
class Gold:
    """What the gold of one sample is, where it has another form than a prediction: an array `scores` with these axes.

    An axis that a prediction has too, and whose size depends on the sample, has the same size in both.
    range: as of a prediction. partial: NaN stands where the gold is not known, which `score` leaves out.
    perfect: the name of a module with `perfect(gold: np.ndarray) -> np.ndarray`, the answer that `control-perfect`
    gives; without it, the gold itself is that answer.
    """

    axes: Axes = field(default_factory=dict)
    range: tuple[float | None, float | None] = (None, None)
    partial: bool = False
    perfect: str | None = None

    def __post_init__(self) -> None:
        _check_axes("Gold", self.axes)


@dataclass(frozen=True, kw_only=True)
class PreparedArray:
    """An array that `preprocess` writes of each sample that could be read, so that a model can be written from this
    alone.

    axes: see `Axes`; axes of one name have one size within a sample. dtype: as numpy names it ("float32", "uint8",
    "str").
    optional: whether some samples lack it.
    """

    name: str
    meaning: str
    axes: Axes = field(default_factory=dict)
    dtype: str = "float32"
    unit: str = ""
    optional: bool = False

    def __post_init__(self) -> None:
        _check_axes(f"prepared array {self.name!r}", self.axes)


def _check_axes(what: str, axes: Axes) -> None:
    for name, size in axes.items():
        if not (isinstance(size, int) and size > 0) and size not in SIZES:
            raise InputError(
                f"{what}: the axis {name!r} has the size {size!r}; write a number or one of {', '.join(SIZES)}"
            )


def form(axes: Axes) -> str:
    """Axes in words: "frames (sample) x classes (4)"; "one number" where there is none."""
    return " x ".join(f"{name} ({size})" for name, size in axes.items()) or "one number"
