"""Headers that say nothing sensible about where a scan lies: the next best that they say counts."""

import nibabel as nib
import numpy as np
import pytest

from challengeflow_mood.data.geometry import is_usable, usable_affine
from challengeflow_mood.data.volumes import read_scan

ROTATED = np.array([[0, -2.0, 0, 30], [1.5, 0, 0, -20], [0, 0, 3.0, 5], [0, 0, 0, 1]])


def image(sform=None, qform=None):
    made = nib.Nifti1Image(np.random.default_rng(0).random((12, 13, 14)).astype(np.float32), np.diag([2.0, 2, 2, 1]))
    made.header["sform_code"] = made.header["qform_code"] = 0
    if qform is not None:
        made.header.set_qform(qform, 1)
    if sform is not None:
        made.header["sform_code"] = 2
        for row, values in zip(("srow_x", "srow_y", "srow_z"), sform, strict=False):
            made.header[row] = values
    return made


@pytest.fixture
def read(tmp_path):
    def written(made):
        (tmp_path / "scan.nii").write_bytes(
            made.header.binaryblock + bytes(4) + made.get_fdata().astype("<f4").tobytes("F")
        )
        return read_scan(tmp_path / "scan.nii").geometry

    return written


@pytest.mark.parametrize("broken", [np.full((3, 4), np.nan), np.zeros((3, 4)), np.full((3, 4), np.inf)])
def test_a_broken_sform_gives_way_to_the_qform(read, broken):
    np.testing.assert_allclose(read(image(broken, ROTATED))["affine"], ROTATED, atol=1e-4)


def test_and_where_there_is_none_to_the_voxel_sizes(read):
    affine = np.array(read(image(np.full((3, 4), np.nan)))["affine"])
    np.testing.assert_allclose(nib.affines.voxel_sizes(affine), [2, 2, 2])


def test_a_sound_sform_counts_first(read):
    np.testing.assert_allclose(read(image(ROTATED, np.diag([5.0, 5, 5, 1])))["affine"], ROTATED)


def test_a_quaternion_that_is_none(read):
    made = image(np.full((3, 4), np.nan), ROTATED)
    made.header["quatern_b"] = made.header["quatern_c"] = 1.0
    assert is_usable(np.array(read(made)["affine"]))


def test_a_quaternion_longer_than_one_counts_by_its_direction(read):
    made = image(qform=ROTATED)
    for axis in "bcd":
        made.header[f"quatern_{axis}"] *= 1.5  # which leaves nothing for a: half a turn about z
    geometry = read(made)
    half = np.diag([-1.5, -2.0, 3.0])
    np.testing.assert_allclose(np.array(geometry["affine"])[:3, :3], half, atol=1e-4)
    assert geometry["scaling"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("field", "value"), [("quatern_b", np.nan), ("qoffset_x", np.inf), ("scl_inter", np.nan), ("vox_offset", 0)]
)
def test_what_a_header_lacks_keeps_no_scan_from_being_read(read, field, value):
    made = image(qform=np.diag([2.0, 2, 2, 1]))
    made.header["scl_slope"], made.header["vox_offset"] = 1, 352
    made.header[field] = value
    geometry = read(made)
    np.testing.assert_allclose(geometry["affine"], np.diag([2.0, 2, 2, 1]), atol=1e-6)
    assert geometry["scaling"] == [0.0, 1.0]  # those that were stored, and no bytes of the header


def test_axes_in_one_plane_are_no_affine_whatever_their_unit():
    assert is_usable(np.diag([1e-6, 1e-6, 1e-6, 1]))
    flat = np.eye(4)
    flat[:3, 2] = [1, 1, 1e-9]
    assert not is_usable(flat)


def test_sizes_that_are_no_sizes_count_as_a_millimetre():
    made = nib.MGHImage(np.zeros((9, 9, 9), np.float32), np.eye(4))
    made.header["delta"] = [np.nan, 0, 2]
    made._affine = np.zeros((4, 4))
    np.testing.assert_array_equal(np.diag(usable_affine(made.header, made.affine)), [1, 1, 2, 1])
