"""The centreline: from end to end of the outlined vessel, however dim, across brighter ones that cross it."""

import numpy as np
import pytest
from scipy import ndimage

from challengeflow_clog_loss.data import preprocess
from challengeflow_clog_loss.video.centreline import vessel_of
from challengeflow_clog_loss.video.kymograph import BIN, kymograph
from challengeflow_clog_loss.video.straightened import ACROSS, PLACE, straighten

FRAMES, SIZE = 12, 80
DARK = np.full(FRAMES, 20.0)


def line(first: tuple[float, float], last: tuple[float, float], width: float, light: float) -> np.ndarray:
    """A vessel between two points (row, column), as luma (SIZE, SIZE) above the background."""
    points = np.linspace(first, last, 400).round().astype(int)
    drawn = np.ones((SIZE, SIZE), bool)
    drawn[tuple(points.T)] = False
    return light * (ndimage.distance_transform_edt(drawn) <= width)


def ellipse(half_rows: float, half_columns: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    return (rows / half_rows) ** 2 + (columns / half_columns) ** 2 <= 1


def noisy(light: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 3, (FRAMES, SIZE, SIZE))
    return np.clip(20 + light + noise, 0, 255).astype(np.float32)


def test_a_dim_vessel_is_followed_across_a_bright_one():
    dim = line((40, 8), (40, 72), 2, 25)
    cube = noisy(np.maximum(dim, line((20, 50), (60, 62), 3, 150)))
    vessel = vessel_of(cube, ellipse(16, 36), DARK)
    assert np.ptp(vessel.path[:, 1]) >= 40
    assert np.abs(vessel.path[:, 0] - 40).max() <= 5
    assert np.median(np.abs(vessel.path[:, 0] - 40)) <= 1


def test_a_bent_vessel_is_followed_round_its_bend():
    bent = np.maximum(line((20, 12), (56, 40), 2, 60), line((56, 40), (20, 68), 2, 60))
    inside = ndimage.binary_dilation(bent > 0, iterations=8)
    vessel = vessel_of(noisy(bent), inside, DARK)
    assert vessel.path[:, 0].max() >= 50
    assert set(np.abs(np.diff(vessel.path, axis=0)).max(axis=1)) == {1}  # neighbours in order
    along = vessel.place[tuple(vessel.path.T)]
    assert along[0] == 0 and np.all(np.diff(along) >= 1)
    assert along[-1] == pytest.approx(90, abs=25)
    assert vessel.mask[tuple(vessel.path.T)].all() and not vessel.mask[~inside].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (2, 2), (30, 1)])
def test_the_smallest_regions_have_a_vessel(shape):
    inside = np.zeros((SIZE, SIZE), bool)
    inside[10 : 10 + shape[0], 10 : 10 + shape[1]] = True
    cube = noisy(np.zeros((SIZE, SIZE)))
    vessel = vessel_of(cube, inside, DARK)
    assert len(vessel.path) >= 1 and vessel.mask.any() and not vessel.mask[~inside].any()
    lines, straight = kymograph(cube, vessel), straighten(cube.astype(np.uint8), inside, DARK)
    assert lines.shape[0] == FRAMES and np.isfinite(lines).all()
    assert straight.shape[:2] == (FRAMES, ACROSS) and np.isfinite(straight).all()


def test_a_cell_that_moves_draws_a_slanted_line():
    frames = []
    for frame in range(FRAMES):
        light = line((40, 8), (40, 72), 3, 80)
        light[35:46, 20 + 3 * frame : 26 + 3 * frame] = 0
        frames.append(20 + light)
    cube, inside = np.array(frames, np.float32), ellipse(12, 36)
    lines = kymograph(cube, vessel_of(cube, inside, DARK))
    dark = lines.argmin(axis=1)
    assert abs(dark[-1] - dark[0]) == pytest.approx(3 * (FRAMES - 1) / BIN, abs=2)
    straight = straighten(cube.astype(np.uint8), inside, DARK)[:, ACROSS // 2]
    dark = straight.argmin(axis=1)
    assert abs(dark[-1] - dark[0]) == pytest.approx(3 * (FRAMES - 1) / PLACE, abs=2)


def test_the_real_vessel_is_followed_to_both_ends(tmp_path, real_data):
    """One vessel of some 60 pixels; a brighter one crosses its upper end."""
    preprocess.prepare(real_data / "104611.mp4", 52, 8, tmp_path / "video.npz")
    arrays = np.load(tmp_path / "video.npz")
    inside, dark = arrays["mask"] > 0, arrays["surroundings"][:, 0]
    vessel = vessel_of(arrays["cube"].astype(np.float32), inside, np.where(np.isnan(dark), np.nanmedian(dark), dark))
    assert 50 <= vessel.place.max() <= 75
    assert np.ptp(vessel.path[:, 0]) >= 0.75 * np.ptp(np.nonzero(inside)[0])
