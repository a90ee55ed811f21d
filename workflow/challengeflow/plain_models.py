"""Fitted scikit-learn models in a plain form, arrays of numbers and JSON: a pickle runs whatever its author put there.

`boosted_trees` and `scaled_logistic` take a fitted model over, `save` and `load` keep several in one folder. They
predict what scikit-learn predicts, to the bit, and the same model always gives the same bytes. Every number read is
checked before it is used: the compiled walk through a tree checks none, so that one wrong index would end the process.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.arrays import Arrays, Writer
from challengeflow.contract.errors import InputError

LEAF = -1
"""Stands in the place of a leaf's feature."""

FEW = 1 << 20
"""Rows times trees up to which numpy walks, where scikit-learn would have to be imported, which takes longer."""

COLUMNS = {"roots": "<i8", "feature": "<i4", "left": "<u4", "right": "<u4", "missing_left": "|u1", "value": "<f8"}
"""Arrays of boosted trees and their dtypes: `roots` has one entry a tree and one more, the others one a node."""


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient boosting that tells classes apart, as HistGradientBoostingClassifier fits it; splits on numbers alone.

    classes: C labels, whole numbers or truth values, sorted. width: features of a row. baseline: float64 (K,), the
    log-odds before the first tree; K is 1 for two classes, else C. nodes: by name of `COLUMNS`, tree after tree, K
    trees a round; `roots` says where each begins and the last ends. `left` and `right` count from the tree's own root;
    `value` is a leaf's value, or the threshold up to which a row goes left; `missing_left`: whether a row without this
    feature (NaN) does.
    """

    classes: tuple[int, ...]
    width: int
    baseline: np.ndarray
    nodes: Mapping[str, np.ndarray]

    def decision_function(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of numbers (n, width): float64 (n,) for two classes, else (n, C)."""
        raw = self._raw(rows)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities float64 (n, C) of numbers (n, width), in the order of `classes`."""
        raw = self._raw(rows)
        if raw.shape[1] > 1:
            return _softmax(raw)
        from scipy.special import expit

        return _both(expit(raw[:, 0]))

    def _raw(self, rows: np.ndarray) -> np.ndarray:
        rows = _rows(rows, self.width)
        raw = np.zeros((len(rows), len(self.baseline)), order="F")
        raw += self.baseline
        few = len(rows) * (len(self.nodes["roots"]) - 1) <= FEW and "sklearn" not in sys.modules
        for number, values in enumerate(self._walked(rows) if few else self._walked_compiled(rows)):
            raw[:, number % len(self.baseline)] += values
        return raw

    def _walked(self, rows: np.ndarray) -> np.ndarray:
        """The leaf's value of each row in each tree, float64 (T, n): all walk at once, a step down at a time."""
        feature, value, missing_left = (np.asarray(self.nodes[name]) for name in ("feature", "value", "missing_left"))
        left, right = self.nodes["left"].astype(np.intp), self.nodes["right"].astype(np.intp)
        starts = self.nodes["roots"][:-1, None]
        numbers = np.arange(len(rows))
        place = np.repeat(starts, len(rows), axis=1)
        while (inner := feature[place] != LEAF).any():
            found = rows[numbers, np.where(inner, feature[place], 0)]
            to_left = np.where(np.isnan(found), missing_left[place] == 1, found <= value[place])
            place = np.where(inner, starts + np.where(to_left, left[place], right[place]), place)
        reached: np.ndarray = value[place]
        return reached

    def _walked_compiled(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """The same, tree after tree, float64 (n,) that is written over."""
        from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data
        from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

        threads = _openmp_effective_n_threads()
        no_categories, no_map = np.empty((0, 8), np.uint32), np.zeros(self.width, np.uint32)
        out = np.empty(len(rows))
        for tree in self._trees:
            _predict_from_raw_data(tree, rows, no_categories, no_categories, no_map, threads, out)
            yield out

    @cached_property
    def _trees(self) -> list[np.ndarray]:
        """The nodes of each tree, in the records that scikit-learn walks through."""
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

        leaf = self.nodes["feature"] == LEAF
        records = np.zeros(len(leaf), PREDICTOR_RECORD_DTYPE)
        records["is_leaf"] = leaf
        records["feature_idx"] = np.where(leaf, 0, self.nodes["feature"])
        records["missing_go_to_left"] = self.nodes["missing_left"]
        for name in ("left", "right"):
            records[name] = self.nodes[name]
        records["num_threshold"] = records["value"] = self.nodes["value"]
        return np.split(records, self.nodes["roots"][1:-1])


@dataclass(frozen=True)
class ScaledLogistic:
    """Logistic regression of two classes on standardised features, which are cut at `clip` deviations from the mean.

    mean, scale: float64 (F,). weights: float64 (1, F). intercept: float64 (1,).
    """

    mean: np.ndarray
    scale: np.ndarray
    clip: float
    weights: np.ndarray
    intercept: np.ndarray

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities float64 (n, 2) of finite numbers (n, F)."""
        from scipy.special import expit

        scaled = np.clip((_rows(rows, len(self.mean)) - self.mean) / self.scale, -self.clip, self.clip)
        return _both(expit((scaled @ self.weights.T + self.intercept)[:, 0]))


Plain = BoostedTrees | ScaledLogistic


def boosted_trees(
    fitted: Any, columns: Sequence[int] | np.ndarray | None = None, width: int | None = None
) -> BoostedTrees:
    """The plain form of a fitted HistGradientBoostingClassifier without categorical features.

    columns, width: where it was fitted on some of `width` features, which ones; the plain form takes rows of all.
    """
    trees = [tree.nodes for round_ in fitted._predictors for tree in round_]
    records = np.concatenate(trees)
    if records["is_categorical"].any():
        raise ValueError("trees that split on categories have no plain form; give the categories as numbers")
    leaf = records["is_leaf"].astype(bool)
    of_all = np.arange(fitted.n_features_in_) if columns is None else np.asarray(columns)
    nodes = {
        "roots": np.cumsum([0, *map(len, trees)]),
        "feature": np.where(leaf, LEAF, of_all[np.where(leaf, 0, records["feature_idx"])]),
        "left": np.where(leaf, 0, records["left"]),
        "right": np.where(leaf, 0, records["right"]),
        "missing_left": np.where(leaf, 0, records["missing_go_to_left"]),
        "value": np.where(leaf, records["value"], records["num_threshold"]),
    }
    made = BoostedTrees(
        tuple(fitted.classes_.tolist()),
        fitted.n_features_in_ if width is None else width,
        fitted._baseline_prediction.reshape(-1),
        {name: nodes[name].astype(dtype) for name, dtype in COLUMNS.items()},
    )
    for fault in _tree_faults(made):
        raise ValueError(f"boosted trees of an unknown form: {fault}")
    return made


def scaled_logistic(scaler: Any, logistic: Any, clip: float) -> ScaledLogistic:
    """The plain form of a fitted StandardScaler and a LogisticRegression of two classes behind it."""
    return ScaledLogistic(scaler.mean_, scaler.scale_, clip, logistic.coef_, logistic.intercept_)


def save(folder: Path, models: Mapping[str, Plain], **numbers: float) -> None:
    """Write named models into a folder, and numbers that belong to them."""
    with Writer(folder) as out:
        out.add("numbers", numbers)
        for name, model in models.items():
            if isinstance(model, BoostedTrees):
                facts = {"kind": "boosted trees", "classes": list(model.classes), "width": model.width}
                out.add(f"model {name}", facts, baseline=model.baseline, **model.nodes)
            else:
                arrays = {part: getattr(model, part) for part in ("mean", "scale", "weights", "intercept")}
                out.add(f"model {name}", {"kind": "scaled logistic", "clip": model.clip}, **arrays)


def load(folder: Path, *numbers: str) -> tuple[dict[str, Plain], dict[str, float]]:
    """The models that `save` wrote into a folder, in order, and the named numbers.

    Raises InputError for a folder that is damaged, forged, or lacks one of `numbers`; nothing in it is ever run.
    """
    read = Arrays(folder)
    try:
        kept = read.attributes("numbers")
        found = {name: float(kept[name]) for name in numbers}
        models = {name.removeprefix("model "): _plain(read, name) for name in read if name.startswith("model ")}
        if not all(map(math.isfinite, found.values())):
            raise ValueError("a number is not finite")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"the model in {folder} is damaged ({type(error).__name__}: {error}); remove its folder and train it again"
        ) from None
    return models, found


def load_trees(folder: Path) -> dict[str, BoostedTrees]:
    """The models that `save` wrote into a folder, all of them boosted trees. Raises InputError as `load` does."""
    models, _ = load(folder)
    trees = {name: model for name, model in models.items() if isinstance(model, BoostedTrees)}
    if trees.keys() != models.keys():
        raise InputError(f"the model in {folder} is damaged (it is not of trees); remove its folder and train it again")
    return trees


def _plain(read: Arrays, name: str) -> Plain:
    facts, arrays = read.attributes(name), read[name]
    made: Plain
    if facts["kind"] == "scaled logistic":
        made = ScaledLogistic(clip=float(facts["clip"]), **{part: np.array(array) for part, array in arrays.items()})
        faults = _linear_faults(made)
    else:
        made = BoostedTrees(tuple(facts["classes"]), facts["width"], arrays.pop("baseline"), arrays)
        faults = _tree_faults(made)
    for fault in faults:
        raise ValueError(f"{name}: {fault}")
    return made


def _linear_faults(model: ScaledLogistic) -> Iterator[str]:
    size = len(model.mean) if model.mean.ndim == 1 else 0
    shapes = {"mean": (size,), "scale": (size,), "weights": (1, size), "intercept": (1,)}
    for part, shape in shapes.items():
        array = getattr(model, part)
        if size == 0 or array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all():
            yield f"{part} is not what a logistic regression has"
    if not model.clip > 0 or not (model.scale > 0).all():
        yield "a scale is not positive"


def _tree_faults(model: BoostedTrees) -> Iterator[str]:
    """What is wrong, the gravest first: after a fault, nothing more may be asked."""
    if {name: array.dtype.str for name, array in model.nodes.items()} != COLUMNS:
        yield "its arrays are not those of boosted trees"
    roots, count = model.nodes["roots"], len(model.nodes["feature"])
    if any(array.shape != (count,) for name, array in model.nodes.items() if name != "roots"):
        yield "its arrays are of different lengths"
    if type(model.width) is not int or not 0 < model.width < 1 << 31:
        yield "its number of features is no number"
    if not all(type(label) in (int, bool) and abs(label) < 1 << 63 for label in model.classes):
        yield "its classes are not whole numbers"
    if len(model.classes) < 2 or sorted(set(model.classes)) != list(model.classes):
        yield "its classes are not two or more, sorted"
    outputs = 1 if len(model.classes) == 2 else len(model.classes)
    if (
        model.baseline.shape != (outputs,)
        or model.baseline.dtype != np.float64
        or not np.isfinite(model.baseline).all()
    ):
        yield "its baseline does not fit its classes"
    if roots.ndim != 1 or len(roots) < 2 or roots[0] != 0 or roots[-1] != count or (np.diff(roots) < 1).any():
        yield "its trees do not fit its nodes"
    if (len(roots) - 1) % outputs:
        yield "its last round of trees is not whole"
    yield from _node_faults(model.nodes, model.width)


def _node_faults(nodes: Mapping[str, np.ndarray], width: int) -> Iterator[str]:
    """Children lie behind their parent in the same tree: every walk ends at a leaf."""
    sizes = np.diff(nodes["roots"])
    place = np.arange(len(nodes["feature"])) - np.repeat(nodes["roots"][:-1], sizes)
    leaf = nodes["feature"] == LEAF
    if (~leaf & ((nodes["feature"] < 0) | (nodes["feature"] >= width))).any():
        yield "a node splits on a feature that is not there"
    for side in ("left", "right"):
        if (~leaf & ((nodes[side] <= place) | (nodes[side] >= np.repeat(sizes, sizes)))).any():
            yield "a node has a child that is not behind it in its tree"
    if not np.isfinite(nodes["value"][leaf]).all() or np.isnan(nodes["value"]).any():
        yield "a value is not a number"
    if (nodes["missing_left"] > 1).any():
        yield "the way of missing values is neither left nor right"


def _rows(rows: np.ndarray, width: int) -> np.ndarray:
    rows = np.asarray(rows, np.float64)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError(
            f"the model was fitted on {width} features, these rows have shape {rows.shape}; train it again"
        )
    return rows


def _softmax(raw: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds (n, C), which are written over; as scikit-learn has them, to the bit."""
    raw -= raw.max(axis=1, keepdims=True)
    np.exp(raw, out=raw)
    raw /= raw.sum(axis=1, keepdims=True)
    return raw


def _both(chance: np.ndarray) -> np.ndarray:
    """Probabilities (n, 2) of two classes, of those (n,) of the second one."""
    both = np.empty((len(chance), 2))
    both[:, 1] = chance
    both[:, 0] = 1 - chance
    return both
