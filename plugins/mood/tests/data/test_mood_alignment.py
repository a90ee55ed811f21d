"""Alignment by moments: there and back, in every orientation, and the shape of what is read."""

import nibabel as nib
import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.data import alignment
from challengeflow_mood.data.volumes import read_scan


def ellipsoid(shape=(40, 48, 36), bright=(26, 20, 22)):
    grid = np.indices(shape)
    radii = np.array([13, 16, 12])[:, None, None, None]
    inside = (((grid - np.array([19, 24, 18])[:, None, None, None]) / radii) ** 2).sum(axis=0) < 1
    volume = np.where(inside, 0.5, 0).astype(np.float32)
    volume[bright] = 1
    return volume


def reorient(volume, codes):
    image = nib.Nifti1Image(volume, np.eye(4))
    return image.as_reoriented(
        nib.orientations.ornt_transform(nib.io_orientation(np.eye(4)), nib.orientations.axcodes2ornt(codes))
    )


@pytest.mark.parametrize("codes", ["LIA", "LPS", "RAS", "PSR"])
def test_stored_orientation_changes_nothing_on_the_grid_and_comes_back(codes):
    plain = ellipsoid()
    expected = alignment.to_grid(plain, alignment.align(plain, np.eye(4), 24))
    image = reorient(plain, tuple(codes))
    volume = np.asarray(image.dataobj, np.float32)
    mapping = alignment.align(volume, image.affine, 24)
    grid = alignment.to_grid(volume, mapping)
    assert np.abs(grid - expected).max() < 1e-5
    back = alignment.to_scan(grid, mapping)
    assert back.shape == volume.shape
    assert np.corrcoef(back.ravel(), volume.ravel())[0, 1] > 0.95


def test_c_and_fortran_order_agree():
    volume = ellipsoid()
    mapping = alignment.align(volume, np.eye(4), 20)
    assert np.allclose(alignment.to_grid(volume, mapping), alignment.to_grid(np.asfortranarray(volume), mapping))


def test_position_and_size_are_taken_out():
    small = ellipsoid()
    large = np.zeros((100, 100, 100), np.float32)
    large[10:90, 2:98, 20:92] = np.kron(small, np.ones((2, 2, 2), np.float32))
    grids = [alignment.to_grid(v, alignment.align(v, np.eye(4), 24)) for v in (small, large)]
    assert np.corrcoef(grids[0].ravel(), grids[1].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("value", [0.3, 1.0])
def test_the_value_of_a_border_makes_no_difference(value):
    plain = ellipsoid()
    bordered = np.pad(plain, ((3, 0), (0, 2), (5, 4)), constant_values=value)
    found = [alignment.align(volume, np.eye(4), 24) for volume in (plain, bordered)]
    np.testing.assert_allclose(np.subtract(found[1]["start"], found[0]["start"]), [3, 0, 5])
    assert found[1]["step"] == found[0]["step"]


def test_a_voxel_size_that_cannot_be_leaves_something_on_the_grid():
    mapping = alignment.align(ellipsoid(), np.diag([2.0, 2, 2000, 1]), 24)
    assert (alignment.measured(None, mapping) > 0.75).sum() > 24


def test_eight_bit_greys_are_scaled_and_kept_in_float32(tmp_path):
    volume = (ellipsoid() * 255).astype(np.uint8)
    image = nib.Nifti1Image(volume, np.diag([-2.0, 2, 2, 1]))
    nib.save(image, tmp_path / "scan.nii.gz")
    scan = read_scan(tmp_path / "scan.nii.gz")
    assert scan.volume.dtype == np.float32
    assert scan.volume.max() == 1
    assert 0 < scan.geometry["scaling"][1] <= volume.max()


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((9, 9, 9, 2), np.float32), "three-dimensional"),
        (np.full((9, 9, 9), 3, np.float32), "constant"),
        (np.full((9, 9, 9), np.nan, np.float32), "NaN"),
        (np.zeros((9, 9, 2), np.float32), "at least"),
    ],
)
def test_unusable_scans_say_why(tmp_path, array, reason):
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "scan.nii")
    with pytest.raises(InputError, match=reason):
        read_scan(tmp_path / "scan.nii")


def test_a_scan_too_large_for_the_machine_is_refused_by_its_header(tmp_path):
    header = nib.Nifti1Header()
    header.set_data_shape((32000, 32000, 32000))
    header["vox_offset"] = 352
    (tmp_path / "scan.nii").write_bytes(header.binaryblock + bytes(4))
    with pytest.raises(InputError, match=r"takes about 393216\.0 GB, and here it may take .*fewer voxels"):
        read_scan(tmp_path / "scan.nii")
