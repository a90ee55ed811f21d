"""Features do not know the camera, survive missing parts, and window statistics equal their definition."""

import numpy as np
import pytest

from challengeflow_mabe_task1.demo_files import simulate
from challengeflow_mabe_task1.pose_cleaning import bridge_gaps, remove_spikes
from challengeflow_mabe_task1.pose_features import pose_features
from challengeflow_mabe_task1.pose_windows import window_statistics

SETTINGS = {"fps": 30.0, "axis": (6, 3), "windows": (0.5, 2), "longest_gap": 0.5}


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
    features, names = pose_features(track, **SETTINGS)
    other, _ = pose_features(turned(track, *change), **SETTINGS)
    assert features.shape == (600, len(names)) and features.dtype == np.float32 and len(set(names)) == len(names)
    np.testing.assert_allclose(other, features, atol=2e-3, rtol=1e-3)


def test_features_are_local_in_time(track):
    features, _ = pose_features(track, **SETTINGS)
    changed = track.copy()
    changed[500:, 0, :, 0] += 3  # no part of the axis: the body length stays
    other, _ = pose_features(changed, **SETTINGS)
    np.testing.assert_allclose(other[:400], features[:400], atol=1e-4)


def test_missing_parts_give_missing_features_and_no_warning(track):
    holes = track.copy()
    random = np.random.default_rng(0)
    hidden = random.random((600, 2, 1, 7)) < 0.4
    holes[np.broadcast_to(hidden, holes.shape)] = np.nan
    holes[200:300, 1] = np.nan
    with np.errstate(all="raise"):
        features, names = pose_features(holes, **SETTINGS)
    assert not np.isinf(features).any()
    assert np.isnan(features[250, names.index("distance")])
    assert features[250, names.index("1 missing")] == 1


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_short_tracks_have_features(track, frames):
    features, _ = pose_features(track[:frames], **SETTINGS)
    assert features.shape[0] == frames and not np.isinf(features).any()


def test_window_statistics_equal_their_definition():
    random = np.random.default_rng(0)
    values = random.normal(1e3, 1, (50, 3)).astype(np.float32)
    values[random.random((50, 3)) < 0.3] = np.nan
    out = np.empty((50, 6), np.float32)
    window_statistics(values, 4, out)
    for frame in (0, 3, 25, 49):
        window = values[max(0, frame - 4) : frame + 5].astype(np.float64)
        np.testing.assert_allclose(out[frame, :3], np.nanmean(window, axis=0), rtol=1e-6)
        np.testing.assert_allclose(out[frame, 3:], np.nanstd(window, axis=0), rtol=1e-4)


def test_short_gaps_are_bridged_and_long_ones_stay():
    line = np.arange(20) * (1 + 2j)
    holes = line.copy()
    holes[[0, 3, 4, 10, 11, 12, 13, 14]] = np.nan
    bridged = bridge_gaps(holes, 3)
    np.testing.assert_allclose(bridged[3:5], line[3:5])
    assert np.isnan(bridged[[0, 10, 12, 14]]).all()


def test_a_leap_of_one_frame_is_blanked(track):
    points = track[:, :, 0] + 1j * track[:, :, 1]
    points[300, 0, 4] += 250
    assert np.isnan(remove_spikes(points)[300, 0, 4])
