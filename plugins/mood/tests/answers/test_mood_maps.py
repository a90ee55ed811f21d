"""Written maps: the scan's own shape, affine and header, float16's values, the same bytes, whole or not at all."""

import base64

import nibabel as nib
import numpy as np
import pytest

from challengeflow_mood.answers import maps
from challengeflow_mood.answers.maps import map_name, write_map
from challengeflow_mood.data import alignment

AFFINES = {
    "RAS": np.diag([2.0, 2, 2, 1]),
    "LPS": np.diag([-2.0, -2, 2, 1]),
    "LIA": np.array([[-2.0, 0, 0, 5], [0, 0, 2, 3], [0, -2, 0, 1], [0, 0, 0, 1]]),
}


@pytest.fixture
def scores():
    return np.random.default_rng(0).random((16, 16, 16)).astype(np.float16)


def facts(affine, shape=(20, 24, 18), header=None):
    volume = np.zeros(shape[:3], np.float32)
    volume[4:-4, 5:-5, 3:-3] = 0.7
    text = None if header is None else base64.b64encode(header.binaryblock).decode()
    mapping = alignment.align(volume, affine, 16)
    return {"original": list(shape), "affine": affine.tolist(), "header": text, "mapping": mapping}


@pytest.mark.parametrize("orientation", AFFINES)
def test_a_map_equals_the_volume_brought_back(tmp_path, scores, orientation):
    known = facts(AFFINES[orientation])
    write_map(scores, known, tmp_path / "map.nii.gz")
    image = nib.load(tmp_path / "map.nii.gz")
    assert image.get_data_dtype() == np.float32
    assert np.allclose(image.affine, AFFINES[orientation])
    values = np.asarray(image.dataobj)
    assert np.abs(values - alignment.to_scan(scores, known["mapping"])).max() < 1e-3
    assert (values.astype(np.float16) == values).all()
    for z, plane in maps.planes(scores, known["mapping"]):
        assert (plane == values[:, :, z].T).all()


def test_the_scans_header_stays_but_its_data_type(tmp_path, scores):
    header = nib.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header["descrip"], header["vox_offset"] = b"mine", 1024
    write_map(scores, facts(AFFINES["LPS"], (20, 24, 18, 1), header), tmp_path / "map.nii")
    image = nib.load(tmp_path / "map.nii")
    assert image.shape == (20, 24, 18, 1)
    assert image.header["descrip"].item() == b"mine"
    assert image.get_data_dtype() == np.float32
    assert 0 < np.asarray(image.dataobj).max() <= 1


def test_nan_and_values_beyond_the_unit_interval_are_mended(tmp_path):
    values = np.full((16, 16, 16), np.nan, np.float32)
    values[:8] = 7
    values[8:12] = -7
    write_map(values, facts(AFFINES["RAS"]), tmp_path / "map.nii.gz")
    written = np.asarray(nib.load(tmp_path / "map.nii.gz").dataobj)
    assert written.min() == 0
    assert written.max() == 1


def test_the_same_bytes_each_time_and_zeros_for_no_map(tmp_path, scores):
    for name in ("one", "two"):
        write_map(scores, facts(AFFINES["RAS"]), tmp_path / f"{name}.nii.gz")
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()
    write_map(None, facts(AFFINES["RAS"]), tmp_path / "zero.nii.gz")
    assert not np.asarray(nib.load(tmp_path / "zero.nii.gz").dataobj).any()


def test_a_map_that_fails_leaves_the_one_before(tmp_path, scores):
    write_map(scores, facts(AFFINES["RAS"]), tmp_path / "map.nii.gz")
    before = (tmp_path / "map.nii.gz").read_bytes()
    with pytest.raises(KeyError):
        write_map(scores, facts(AFFINES["RAS"]) | {"mapping": {}}, tmp_path / "map.nii.gz")
    assert (tmp_path / "map.nii.gz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["map.nii.gz"]


def test_names_of_maps():
    assert map_name("a.nii.gz") == "a.nii.gz"
    assert map_name("a.nii") == "a.nii"
    assert map_name("a.mgz") == "a.nii.gz"
