"""Healthy scans bent onto a scan: they fit it better than they did, and an anomaly remains."""

import numpy as np
import pytest
from scipy import ndimage

from challengeflow_mood.data.healthy_scans import Healthy
from challengeflow_mood.demo.phantoms import phantom

pytest.importorskip("SimpleITK")
from challengeflow_mood.models import registration

GRID = 32


@pytest.fixture(scope="module")
def heads():
    """Six healthy heads, volumes and masks (6, g, g, g)."""
    volumes = np.stack([phantom("brain", GRID, np.random.default_rng(number)) for number in range(6)])
    masks = np.stack([ndimage.binary_fill_holes(volume > 0.05) for volume in volumes])
    return volumes.astype(np.float16), masks.astype(np.uint8)


@pytest.fixture(scope="module")
def model(heads):
    """What five of them look like."""
    volumes, masks = heads
    return registration.fit(Healthy(volumes[:5], masks[:5], tuple("abcde"), (180.0,) * 5))


def test_a_known_displacement_is_found(heads):
    grey = registration._grey(heads[0][0], heads[1][0])
    body = ndimage.binary_erosion(heads[1][0], iterations=3)
    moved = np.roll(grey, 2, axis=0)  # what is at i is found at i + 2
    field = registration.sitk.GetArrayFromImage(registration.displacements(grey, moved))
    found = field[body].mean(axis=0)  # x, y, z: the array's last axis comes first
    np.testing.assert_allclose(found, [0, 0, 2], atol=0.4)
    closer = np.abs(registration._bent(moved, registration.displacements(grey, moved)) - grey)[body].mean()
    assert closer < 0.3 * np.abs(moved - grey)[body].mean()


def test_healthy_scans_are_bent_onto_their_mean(heads, model):
    volumes, masks = heads
    apart = np.stack([registration._grey(*scan) for scan in zip(volumes[:5], masks[:5], strict=True)]).std(axis=0)
    body = masks[0] > 0
    assert model["bent"].shape == (5, GRID, GRID, GRID)
    assert model["bent"].std(axis=0)[body].mean() < 0.7 * apart[body].mean()
    np.testing.assert_allclose(model["bent_mean"], model["bent"].mean(axis=0), atol=1e-6)


def test_an_anomaly_remains_where_it_is_and_the_bits_repeat(heads, model):
    volume, mask = heads[0][5].astype(np.float32), heads[1][5]
    changed, cube = volume.copy(), np.zeros(mask.shape, bool)
    cube[12:18, 13:19, 14:20] = True
    changed[cube] = 1
    where = mask > 0
    before, after = (registration.features(model, each, mask, where) for each in (volume, changed))
    assert after.shape == (where.sum(), 17)
    assert after.dtype == np.float32
    assert np.isfinite(after).all()
    assert (after.std(axis=0) > 0).all()  # none tells of the scan as a whole
    energy = after[:, 4] - before[:, 4]  # of what remains beside the mean
    assert energy[cube[where]].mean() > 1
    assert abs(energy[~ndimage.binary_dilation(cube, iterations=6)[where]].mean()) < 0.3
    np.testing.assert_array_equal(after, registration.features(model, changed, mask, where))


def test_a_head_larger_than_the_healthy_ones_is_told(heads, model):
    volume, mask = heads[0][5], heads[1][5]
    inside = ndimage.binary_erosion(mask, iterations=4)
    line = (np.arange(GRID) - (GRID - 1) / 2) / 1.15 + (GRID - 1) / 2
    at = np.meshgrid(line, line, line, indexing="ij")
    larger, body = (ndimage.map_coordinates(values.astype(np.float32), at, order=1) for values in (volume, mask))
    size = [
        registration.features(model, scan, own, inside)[:, 15].mean()
        for scan, own in ((volume, mask), (larger, (body > 0.5).astype(np.uint8)))
    ]
    assert size[1] < size[0] - 0.1  # it is smaller in the healthy scans than here


def test_a_scan_without_a_body_has_features(model):
    nothing = np.zeros((GRID,) * 3, np.float32)
    found = registration.features(model, nothing, nothing, np.ones(nothing.shape, bool))
    assert np.isfinite(found).all()
