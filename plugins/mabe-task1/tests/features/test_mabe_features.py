"""Features do not know the camera, survive missing parts, come in blocks, and are what their names say."""

import dataclasses

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.data.layouts import MARS_PARTS
from challengeflow_mabe_task1.demo.official_files import simulate
from challengeflow_mabe_task1.features.pose_cleaning import bridge_gaps, hold_gaps, survey
from challengeflow_mabe_task1.features.pose_recipe import Recipe, exchanged, feature_blocks, feature_names, fitted
from challengeflow_mabe_task1.features.pose_steps import exchanged_steps, step_features
from challengeflow_mabe_task1.features.pose_windows import window_statistics

RECIPE = Recipe(("a", "b"), MARS_PARTS, (6, 3), windows=(0.5, 2))
FACTS = {"fps": 30.0, "pixels_per_cm": None, "annotator": 0}


def features_of(track, recipe=RECIPE, block=12_000, **facts):
    return np.concatenate([made for _, made in feature_blocks(recipe, track, FACTS | facts, block=block)])


@pytest.fixture(scope="module")
def track():
    return simulate(3, 0)["keypoints"][:600]


def turned(track, angle, shift, zoom=1.0, mirror=False):
    points = track[:, :, 0] + 1j * track[:, :, 1]
    points = points.conj() if mirror else points
    points = points * zoom * np.exp(1j * angle) + shift
    return np.stack([points.real, points.imag], axis=2)


@pytest.mark.parametrize(
    "change",
    [(1.0, 0), (0, 100 - 50j), (-2.5, 30j, 1.7), (0.4, 12, 0.5, True)],
    ids=["turn", "shift", "zoom", "mirror"],
)
def test_features_do_not_change_with_the_camera(track, change):
    features = features_of(track)
    names = feature_names(RECIPE)
    assert features.shape == (600, len(names)) and features.dtype == np.float32 and len(set(names)) == len(names)
    np.testing.assert_allclose(features_of(turned(track, *change)), features, atol=2e-3, rtol=1e-3)


def test_animals_that_change_places_change_the_order_of_the_columns_alone(track):
    recipe = dataclasses.replace(RECIPE, annotators=(0, 2), exchange=True)
    holes = track.copy()
    holes[100:160, 0, :, 2:5] = np.nan
    for made, order in (
        (lambda points: features_of(points, recipe, annotator=2), exchanged(recipe)),
        (lambda points: step_features(recipe, points, FACTS, 5.0), None),
    ):
        features = made(holes)
        order = exchanged_steps(recipe, features.shape[1]) if order is None else order
        assert sorted(order) == list(range(features.shape[1])) and (order != np.sort(order)).sum() > 100
        np.testing.assert_allclose(made(holes[:, ::-1]), features[:, order], atol=1e-4, rtol=1e-4)


def test_a_known_scale_makes_lengths_centimetres(track):
    recipe = dataclasses.replace(RECIPE, unit="cm")
    at = feature_names(recipe).index("distance")
    features = features_of(track, recipe, pixels_per_cm=10.0)
    np.testing.assert_allclose(
        features_of(turned(track, 1.0, 5, zoom=2), recipe, pixels_per_cm=20.0), features, atol=5e-3, rtol=2e-3
    )
    middle = track[:, :, :, [6, 3]].mean(axis=3)
    np.testing.assert_allclose(features[:, at], np.hypot(*(middle[:, 1] - middle[:, 0]).T) / 10, rtol=1e-3)


def test_a_model_in_centimetres_wants_a_scale(track):
    recipe = dataclasses.replace(RECIPE, unit="cm")
    with pytest.raises(InputError, match="pixels_per_cm"):
        fitted(recipe, {"vocabulary": ["a", "b"], "parts": list(MARS_PARTS)} | FACTS, track, "clip")


def test_features_are_local_in_time(track):
    changed = track.copy()
    changed[500:, 0, :, 0] += 3  # all parts alike: the body length stays
    here = [place for place, name in enumerate(feature_names(RECIPE)) if "wall" not in name and "until" not in name]
    np.testing.assert_allclose(features_of(changed)[:400, here], features_of(track)[:400, here], atol=1e-4)


@pytest.mark.parametrize("fps", [30.0, 12.5])
def test_causal_features_do_not_know_what_follows(track, fps):
    recipe = dataclasses.replace(RECIPE, causal=True, unit="cm")
    facts = {"fps": fps, "pixels_per_cm": 10.0}
    holes = track.copy()
    holes[200:215, 0] = np.nan
    changed = holes.copy()
    changed[300:, 0] += 7
    changed[310:320, 1] = np.nan
    names = feature_names(recipe)
    # the ground that the animals cover is a constant of the recording, taken from all of it
    here = [place for place, name in enumerate(names) if "wall" not in name]
    before, after = features_of(holes, recipe, **facts), features_of(changed, recipe, **facts)
    np.testing.assert_allclose(after[:300, here], before[:300, here], atol=1e-4)
    assert not np.allclose(after[300:, here], before[300:, here], atol=1e-2, equal_nan=True)
    assert not any("until" in name for name in names)


def test_features_in_blocks_equal_those_of_the_whole(track):
    holes = track.copy()
    holes[np.random.default_rng(1).random(600) < 0.2, 0] = np.nan
    holes[100:220, 1, :, 3] = np.nan
    whole = features_of(holes)
    np.testing.assert_allclose(features_of(holes, block=77), whole, atol=1e-4, rtol=1e-3)
    some = np.array([5, 80, 81, 400])
    chosen = list(feature_blocks(RECIPE, holes, FACTS, some, block=77))
    assert np.concatenate([frames for frames, _ in chosen]).tolist() == some.tolist()
    np.testing.assert_allclose(np.concatenate([made for _, made in chosen]), whole[some], atol=1e-4, rtol=1e-3)


def test_several_annotators_are_told_apart(track):
    recipe = dataclasses.replace(RECIPE, annotators=(0, 2))
    names = feature_names(recipe)
    features = features_of(track[:50], recipe, annotator=2)
    assert names[-2:] == ["annotator 0", "annotator 2"] and features.shape[1] == len(names)
    assert (features[:, -2:] == [0, 1]).all()


def test_missing_parts_give_missing_features_and_no_warning(track):
    holes = track.copy()
    random = np.random.default_rng(0)
    hidden = random.random((600, 2, 1, 7)) < 0.4
    holes[np.broadcast_to(hidden, holes.shape)] = np.nan
    holes[200:300, 1] = np.nan
    with np.errstate(all="raise"):
        features = features_of(holes)
    names = feature_names(RECIPE)
    assert not np.isinf(features).any()
    assert np.isnan(features[250, names.index("distance")])
    assert features[250, names.index("1 missing")] == 1
    assert features[250, names.index("1 not seen since")] == pytest.approx(51 / 30, rel=1e-5)
    assert features[250, names.index("1 not seen until")] == pytest.approx(50 / 30, rel=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_short_tracks_have_features(track, frames):
    features = features_of(track[:frames])
    assert features.shape == (frames, len(feature_names(RECIPE))) and not np.isinf(features).any()


@pytest.mark.parametrize("parts", [2, 5, 9])
def test_any_number_of_parts_has_features_by_their_names(parts):
    names = [f"dot {part}" for part in range(parts)]
    recipe = Recipe(("a", "b"), names, (1, 0), windows=(1,))
    made = feature_names(recipe)
    track = np.random.default_rng(0).uniform(0, 500, (40, 2, 2, parts))
    assert features_of(track, recipe).shape == (40, len(made)) and len(set(made)) == len(made)
    for one in names:
        assert any(one in name for name in made)
    between = [name for name in made if name.startswith("distance dot") and name.count(" ") == 3]
    assert len([name for name in between if "mean" not in name and "spread" not in name]) == parts**2


def test_window_statistics_equal_their_definition():
    random = np.random.default_rng(0)
    values = random.normal(1e3, 1, (50, 3)).astype(np.float32)
    values[random.random((50, 3)) < 0.3] = np.nan
    rows = np.array([1, 3, 25, 47])
    out = window_statistics(values, [(4, 2), (0, 9)], rows)
    for place, frame in enumerate(rows):
        for start, (before, after) in ((0, (4, 2)), (6, (0, 9))):
            window = values[max(0, frame - before) : frame + after + 1].astype(np.float64)
            np.testing.assert_allclose(out[place, start : start + 3], np.nanmean(window, axis=0), rtol=1e-6)
            np.testing.assert_allclose(
                out[place, start + 3 : start + 6], np.nanstd(window, axis=0), rtol=1e-4, atol=1e-6
            )


def test_short_gaps_are_bridged_and_long_ones_stay():
    line = np.arange(20) * (1 + 2j)
    holes = line.copy()
    holes[[0, 3, 4, 10, 11, 12, 13, 14]] = np.nan
    bridged = bridge_gaps(holes, 3)
    np.testing.assert_allclose(bridged[3:5], line[3:5])
    assert np.isnan(bridged[[0, 10, 12, 14]]).all()
    held = hold_gaps(holes, 3)
    np.testing.assert_allclose(held[[3, 4, 10, 12]], line[[2, 2, 9, 9]])
    assert np.isnan(held[[0, 13, 14]]).all()


def test_a_leap_of_one_frame_is_blanked(track):
    leaping = track.copy()
    leaping[300, 0, 0, 4] += 250
    points, seen = survey(leaping, 30.0, 0.0).cleaned(0, len(track))
    assert np.isnan(points[300, 0, 4])
    assert seen[300, 0, 4]


def test_exchanged_identities_are_given_back(track):
    points = track[:, :, 0] + 1j * track[:, :, 1]
    apart = np.flatnonzero(np.abs(points[:, 0] - points[:, 1]).min(axis=1) > 60)
    first, last = apart[len(apart) // 4], apart[3 * len(apart) // 4]
    exchanged = track.copy()
    exchanged[first:last] = exchanged[first:last, ::-1]
    for given in (track, exchanged):
        np.testing.assert_array_equal(survey(given, 30.0, 0.0, causal=True).cleaned(0, len(track))[0], points)


@pytest.mark.parametrize("causal", [False, True])
def test_frames_are_cleaned_alike_however_few_are_asked_for(track, causal, monkeypatch):
    random = np.random.default_rng(5)
    worn = np.where(random.random((len(track), 2, 1, 7)) < 0.4, np.nan, track)
    worn[50::90, 1, 0, 2] += 300
    worn[200:420] = worn[200:420, ::-1]
    whole, seen = survey(worn, 30.0, 0.3, causal).cleaned(0, len(track))
    assert np.isnan(whole).sum() < np.isnan(worn[:, :, 0]).sum()
    monkeypatch.setattr("challengeflow_mabe_task1.features.pose_cleaning.BLOCK", 37)
    blocks = survey(worn, 30.0, 0.3, causal)
    for size in (1, 7, 250):
        made = [blocks.cleaned(start, start + size) for start in range(0, len(track), size)]
        np.testing.assert_array_equal(np.concatenate([points for points, _ in made]), whole)
        np.testing.assert_array_equal(np.concatenate([there for _, there in made]), seen)
