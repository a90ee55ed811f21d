"""What becomes of a scan's values: padding is left out, a CT goes by its window, other scans by their own body."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.data.intensity import scale


def ct(side=40):
    """A body of soft tissue in noisy air, in Hounsfield units; and which voxels lie outside the circle of a scanner."""
    random = np.random.default_rng(0)
    x, y, _ = np.indices((side,) * 3) - (side - 1) / 2
    volume = random.normal(-1000, 8, x.shape).round()
    volume[x**2 + y**2 < (0.3 * side) ** 2] = 40
    volume[x**2 + y**2 < (0.06 * side) ** 2] = 700
    return volume.astype(np.float32), x**2 + y**2 > (side / 2) ** 2


@pytest.mark.parametrize("value", [-1024, -2000, -3024, -32768])
def test_the_padding_of_a_ct_makes_no_difference(value):
    volume, outside = ct()
    volume[outside] = value
    padding, scaling = scale(volume)
    assert scaling == [-1000.0, 1000.0]
    assert (padding == outside).mean() > 0.999  # noise may hold -1024, too
    assert (volume[outside] == 0).all()
    assert volume[20, 20, 20] == pytest.approx(0.85)
    assert volume[20, 28, 20] == pytest.approx(0.52)


@pytest.mark.parametrize("value", [0, 50, 3071, 32767])
def test_nor_does_one_that_is_brighter_than_air(value):
    volume, outside = ct()
    volume[outside] = value
    padding, scaling = scale(volume)
    assert scaling == [-1000.0, 1000.0]
    assert (padding == outside).mean() > 0.999
    assert volume[20, 28, 20] == pytest.approx(0.52)


def test_where_a_window_cut_off_the_air_it_is_no_padding():
    padding, _ = scale(ct()[0].clip(-160, 240))
    assert padding is None or not padding.any()


def test_without_padding_there_is_none():
    volume, _ = ct()
    padding, scaling = scale(volume)
    assert padding is None or not padding.any()
    assert scaling == [-1000.0, 1000.0]


def mr(scale=1000.0):
    random = np.random.default_rng(1)
    volume = np.abs(random.normal(0, 0.01, (32, 32, 32)))
    volume[8:24, 8:24, 8:24] = random.uniform(0.4, 0.6, (16, 16, 16))
    return (scale * volume).astype(np.float32)


@pytest.mark.parametrize("factor", [0.003, 0.2, 255.0, 4000.0, 1e7])
def test_units_of_an_mr_do_not_matter(factor):
    volume = mr(factor)
    padding, _ = scale(volume)
    assert padding is None
    assert 0.6 < np.median(volume[10:22, 10:22, 10:22]) < 0.95
    assert volume[:6].max() < 0.1


def test_a_border_does_not_change_the_scale_of_an_mr():
    volume, bordered = mr(), np.pad(mr(), 40)
    scale(volume)
    scale(bordered)
    np.testing.assert_allclose(bordered[40:-40, 40:-40, 40:-40], volume, atol=0.005)


def test_a_scan_in_the_challenges_own_range_stays_as_it_is():
    volume = np.clip(mr(1.6), 0, 1)
    expected = volume.copy()
    assert scale(volume) == (None, [0.0, 1.0])
    np.testing.assert_array_equal(volume, expected)


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_a_background_without_numbers_is_padding(nothing):
    volume, plain = mr(), mr()
    background = np.ones(volume.shape, bool)
    background[6:26, 6:26, 6:26] = False
    volume[background] = nothing
    padding, _ = scale(volume)
    scale(plain)
    np.testing.assert_array_equal(padding, background)
    assert (volume[background] == 0).all()
    np.testing.assert_allclose(volume[~background], plain[~background], atol=0.02)


def test_a_value_far_below_all_others_is_padding_in_an_mr_too():
    volume = mr()
    volume[:, :, :4] = -32768
    padding, scaling = scale(volume)
    assert padding[:, :, :4].all()
    assert not padding[:, :, 4:].any()
    assert scaling[0] >= 0


@pytest.mark.parametrize("value", [4095, 65535, -2000])
def test_so_is_one_far_off_in_the_corners(value):
    volume, plain = mr(), mr()
    volume[:, :, :4] = value
    padding, scaling = scale(volume)
    np.testing.assert_array_equal(np.flatnonzero(padding.any(axis=(0, 1))), range(4))
    assert scaling == pytest.approx(scale(plain)[1], rel=0.02, abs=1)


@pytest.mark.parametrize("value", [-1, -1000, 4095])
def test_a_scan_in_the_challenges_own_range_stays_so_in_its_padding(value):
    volume = np.clip(mr(1.6), 0, 1)
    expected = volume.copy()
    volume[:, :, :4], expected[:, :, :4] = value, 0
    padding, scaling = scale(volume)
    assert scaling == [0.0, 1.0]
    np.testing.assert_array_equal(volume, expected)
    assert padding[:, :, :4].all()


def test_negative_values_of_a_standardised_mr_are_no_hounsfield_units():
    volume = (mr() - 60) / 120
    padding, scaling = scale(volume)
    assert padding is None
    assert scaling[0] < 0 < scaling[1] < 5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.inf, -np.inf, 3e38, -3e38])
def test_a_value_that_no_scanner_measures_is_padding(value):
    volume = mr()
    as_it_is = scale(volume.copy())[1]
    volume[0, 0, 0] = value
    padding, scaling = scale(volume)
    assert np.argwhere(padding).tolist() == [[0, 0, 0]]
    assert scaling == pytest.approx(as_it_is, rel=1e-3)
    assert volume.min() >= 0 and volume.max() <= 1


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        (np.full((9, 9, 9), 3, np.float32), "is constant: every voxel is 3"),
        (np.full((9, 9, 9), np.nan, np.float32), "729 of 729 voxels are NaN, infinite or beyond 1e\\+15"),
    ],
)
def test_where_nothing_was_measured(volume, reason):
    with pytest.raises(InputError, match=reason):
        scale(volume)
