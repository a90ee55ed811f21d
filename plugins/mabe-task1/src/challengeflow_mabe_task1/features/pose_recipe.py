"""What a model is shown of a recording, and how it is made: the same when training and when predicting.

A recipe is written beside every model. Features come in blocks of frames, so that an hour of video needs no more memory
than a few minutes of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mabe_task1.features import pose_features
from challengeflow_mabe_task1.features.pose_cleaning import BLOCK, Track, survey
from challengeflow_mabe_task1.features.pose_features import LAGS, LONGEST_ABSENCE, Axis, Scene
from challengeflow_mabe_task1.features.pose_windows import window_statistics

PLACES = 4000
"""Frames, about, that tell where the walls are."""


@dataclass(frozen=True)
class Recipe:
    """How features are made, and what the recordings must have for it.

    windows, longest_gap: seconds. unit: "cm", or "body lengths" where the scale of some recording is not known.
    annotators: numbers of the people who labelled the training data, where several did; () otherwise. exchange: whether
    the animals may change places.
    """

    vocabulary: Sequence[str]
    parts: Sequence[str]
    axis: Axis
    windows: Sequence[float] = ()
    longest_gap: float = 0.5
    causal: bool = False
    unit: str = "body lengths"
    annotators: Sequence[int] = ()
    exchange: bool = False


def make_recipe(prepared: Sequence[Arrays], parameters: Mapping[str, Any], dataset: str) -> Recipe:
    """The recipe for training on these shards. Raises InputError where none of their sequences could be read."""
    attributes = [shard.attributes(name) for shard in prepared for name in shard.ok()]
    if not attributes:
        raise InputError(f"no sequence of {dataset} could be read, so there is nothing to train on; see its index")
    parts = attributes[0]["parts"]
    annotators = sorted({each.get("annotator", 0) for each in attributes})
    return Recipe(
        vocabulary=attributes[0]["vocabulary"],
        parts=parts,
        axis=choose_axis(prepared, parameters["axis"], parts),
        windows=tuple(parameters["windows"]),
        longest_gap=parameters["longest_gap"],
        causal=parameters["causal"],
        unit="cm" if all(each.get("pixels_per_cm") for each in attributes) else "body lengths",
        annotators=tuple(annotators) if len(annotators) > 1 else (),
        exchange=parameters["exchange"],
    )


def choose_axis(prepared: Sequence[Arrays], axis: Sequence[int | str] | None, names: Sequence[str]) -> Axis:
    """The body axis (from, to) as part numbers: as asked, by the names of MARS, or the two parts seen most often."""
    if axis is not None:
        places = [part if isinstance(part, int) else _place(names, part) for part in axis]
        if max(places) >= len(names) or min(places) < 0 or places[0] == places[1]:
            raise InputError(f"the model's parameter axis is {list(axis)}; give two different parts of {list(names)}")
        return places[0], places[1]
    if "tail base" in names and "neck" in names:
        return names.index("tail base"), names.index("neck")
    missing = np.zeros(len(names))
    for shard in prepared:
        for name in shard.ok():
            missing += np.isnan(shard[name]["keypoints"][::10, :, 0]).mean(axis=(0, 1))
    best = np.sort(np.argsort(missing, kind="stable")[:2])
    return int(best[1]), int(best[0])


def _place(names: Sequence[str], part: str) -> int:
    """The number of a body part, -1 where there is none of that name."""
    return list(names).index(part) if part in names else -1


def fitted(recipe: Recipe, attributes: Mapping[str, Any], keypoints: np.ndarray, name: str) -> np.ndarray:
    """The keypoints (T, 2, 2, P) of a prepared sequence with the recipe's parts, in its order; more parts are left out.

    Raises InputError where the sequence is not of the kind that the model was trained on.
    """
    if list(recipe.vocabulary) != list(attributes["vocabulary"]):
        raise InputError(
            f"sequence {name} has the behaviours {list(attributes['vocabulary'])}, the model was trained on "
            f"{list(recipe.vocabulary)}; set the download parameter 'behaviours' alike for both (of the organisers' "
            "files the preprocess parameter 'vocabulary')"
        )
    if recipe.unit == "cm" and not attributes.get("pixels_per_cm"):
        raise InputError(
            f"sequence {name} has no scale, and the model was trained on recordings in centimetres; "
            "set the preprocess parameter 'pixels_per_cm', or train on data without a scale"
        )
    own = list(attributes["parts"])
    if own == list(recipe.parts):
        return keypoints
    missing = [part for part in recipe.parts if part not in own]
    if missing:
        raise InputError(
            f"sequence {name} has no {', '.join(missing)} among its parts ({', '.join(own)}), which the model was "
            f"trained on; if they have other names here, give these in the download parameter 'rename_parts' "
            f"({{{own[0]}: {missing[0]}}}), or train on parts that both have (preprocess parameter 'parts')"
        )
    return keypoints[..., [own.index(part) for part in recipe.parts]]


def feature_blocks(
    recipe: Recipe,
    keypoints: np.ndarray,
    attributes: Mapping[str, Any],
    frames: np.ndarray | None = None,
    block: int = BLOCK,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (frames (n,), features (n, F) float32), NaN where parts were not seen, block by block, in order.

    keypoints and attributes are those of a prepared sequence. frames: those wanted, sorted; by default all. The names
    of the F columns are `feature_names(recipe)`. Only what a frame's features need of the frames around it is made.
    """
    track = survey(keypoints, attributes["fps"], recipe.longest_gap, recipe.causal)
    scene, scale = _constants(recipe, track, attributes["fps"], attributes.get("pixels_per_cm"))
    wanted = np.arange(len(track)) if frames is None else frames
    person = np.array([one == attributes.get("annotator", 0) for one in recipe.annotators], np.float32)
    margin = _margin(recipe, scene.fps)
    for start in range(0, len(track), block):
        own = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + block)]
        if not len(own):
            continue
        first = max(0, start - margin)
        points, seen = track.cleaned(first, start + block + margin)
        made = _features(recipe, replace(scene, points=points / scale, seen=seen), own - first)
        yield own, np.concatenate([made, np.tile(person, (len(own), 1))], axis=1) if len(person) else made


def feature_names(recipe: Recipe) -> list[str]:
    """The names of the columns of `feature_blocks`, in order."""
    still, moving = _base_names(recipe)
    names = [*still, *moving]
    for window in recipe.windows:
        names += [f"{name} {what} {window} s" for what in ("mean", "spread") for name in moving]
    return names + [f"annotator {one}" for one in recipe.annotators]


def exchanged(recipe: Recipe) -> np.ndarray:
    """The order (F,) of the columns of `feature_blocks` that makes them those of the animals in each other's place."""
    still, moving = _base_names(recipe)
    names = [*still, *moving]
    base = [names.index(pose_features.exchanged_name(name, recipe.parts)) for name in names]
    own = np.array(base[len(still) :]) - len(still)
    windows = [len(names) + len(moving) * block + own for block in range(2 * len(recipe.windows))]
    columns = np.concatenate([base, *windows])
    return np.concatenate([columns, len(columns) + np.arange(len(recipe.annotators))]).astype(np.intp)


def _base_names(recipe: Recipe) -> tuple[list[str], list[str]]:
    """Names of the columns of the single frame alone, and of those that windows are taken of."""
    nothing = np.full((2, 2, len(recipe.parts)), np.nan, np.complex128)
    scene = Scene(nothing, np.isfinite(nothing), recipe.parts, recipe.axis, 1.0, 1.0, np.empty((0, 3)), recipe.causal)
    still, moving = _columns(scene)
    return list(still), list(moving)


def _constants(recipe: Recipe, track: Track, fps: float, pixels_per_cm: float | None) -> tuple[Scene, float]:
    """A scene of no frame with the constants of the whole recording, and how many pixels its unit has."""
    lengths, some, step = [], [], max(1, len(track) // PLACES)
    for start in range(0, len(track), BLOCK):
        points, _ = track.cleaned(start, start + BLOCK)
        lengths.append(pose_features.axis_lengths(points, recipe.axis))
        some.append(points[-start % step :: step])
    known = np.concatenate(lengths)
    body = float(np.median(known)) if len(known) else 1.0
    scale = pixels_per_cm if recipe.unit == "cm" and pixels_per_cm else body
    walls = pose_features.survey_walls(np.concatenate(some) / scale)
    nothing = np.empty((0, 2, len(recipe.parts)), np.complex128)
    return Scene(
        nothing, np.isfinite(nothing), recipe.parts, recipe.axis, fps, body / scale, walls, recipe.causal
    ), scale


def _columns(scene: Scene) -> tuple[pose_features.Columns, pose_features.Columns]:
    """Columns of the single frame alone, and those that windows are taken of as well."""
    still = pose_features.posture(scene) | pose_features.pair_distances(scene)
    return still, pose_features.relation(scene) | pose_features.motion(scene) | pose_features.absence(scene)


def _features(recipe: Recipe, scene: Scene, rows: np.ndarray) -> np.ndarray:
    still, moving = _columns(scene)
    changing = np.stack(list(moving.values()), axis=1).astype(np.float32)
    parts = [np.stack([column[rows] for column in still.values()], axis=1).astype(np.float32), changing[rows]]
    if recipe.windows:
        reaches = [_reach(window, scene.fps, recipe.causal) for window in recipe.windows]
        parts.append(window_statistics(changing, reaches, rows))
    return np.concatenate(parts, axis=1)


def _reach(window: float, fps: float, causal: bool) -> tuple[int, int]:
    """Frames of a window before and after its own frame."""
    half = round(window * fps / 2)
    return (2 * half, 0) if causal else (half, half)


def _margin(recipe: Recipe, fps: float) -> int:
    """Frames on either side of a block that its features depend on."""
    before = max((_reach(window, fps, recipe.causal)[0] for window in recipe.windows), default=0)
    return before + round((max(LAGS) + LONGEST_ABSENCE) * fps) + 2
