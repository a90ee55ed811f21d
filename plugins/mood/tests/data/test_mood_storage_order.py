"""A scan flipped, permuted, padded or shifted by a voxel gets the same score, and brought back the same map."""

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from challengeflow_mood.answers.maps import case_score
from challengeflow_mood.data import alignment
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import read_scan
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.models import pca_residual

SIZES = [(96, 111, 99), (161, 160, 163), (128, 200, 257), (300, 144, 200)]
SCORE, MAP = 1e-3, 0.02  # what may differ: of the case score, and of the map at 99.9 % of its voxels


@pytest.fixture(scope="module")
def answer(mood_brain, tmp_path_factory):
    """Scan (X, Y, Z) and affine -> case score, and map on the scan's own grid, by the small demo's model."""
    model = {path.stem: np.load(path) for path in mood_brain.models[0].glob("*.npy")}
    path = tmp_path_factory.mktemp("order") / "scan.nii"

    def answered(volume, affine):
        nib.save(nib.Nifti1Image(volume, affine), path)
        facts, arrays = prepare(read_scan(path), 32)
        values = pca_residual.apply(model, arrays["volume"], arrays["mask"]) * arrays["scanned"]
        return case_score(values, facts), alignment.to_scan(values, facts["mapping"])

    return answered


@pytest.fixture(scope="module")
def head():
    return phantom("brain", 96, np.random.default_rng(5))


def of_size(head, shape):
    affine = np.diag([*(180 / np.array(shape)), 1.0])
    sizes = [n / len(head) for n in shape]
    return np.clip(ndimage.zoom(head, sizes, order=1), 0, 1).astype(np.float32), affine


def reoriented(volume, affine, codes):
    wanted = nib.orientations.axcodes2ornt(tuple(codes))
    image = nib.Nifti1Image(volume, affine)
    image = image.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(affine), wanted))
    back = nib.orientations.ornt_transform(wanted, nib.io_orientation(affine))
    return np.asarray(image.dataobj), image.affine, lambda values: nib.orientations.apply_orientation(values, back)


def padded(volume, affine, axis, before, after):
    widths = [(0, 0)] * 3
    widths[axis] = (before, after)
    moved = affine.copy()
    moved[:3, 3] -= before * affine[:3, axis]
    own = tuple(slice(first, first + n) for (first, _), n in zip(widths, volume.shape, strict=True))
    return np.pad(volume, widths), moved, lambda values: values[own]


def alike(answer, volume, affine, variants):
    score, values = answer(volume, affine)
    for other, placed, undo in variants:
        again, brought = answer(other, placed)
        assert abs(again - score) < SCORE
        assert np.quantile(np.abs(undo(brought) - values), 0.999) < MAP


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_flips_and_permutations(answer, head, shape):
    volume, affine = of_size(head, shape)
    alike(answer, volume, affine, [reoriented(volume, affine, codes) for codes in ("LAS", "RPI", "PSR", "ILA")])


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_a_border_of_a_plane_or_more(answer, head, shape):
    volume, affine = of_size(head, shape)
    ways = [(0, 1, 0), (1, 0, 1), (2, 3, 0), (1, 1, 4)]
    alike(answer, volume, affine, [padded(volume, affine, *way) for way in ways])


def test_a_border_of_noise_that_moves_the_head_by_a_voxel(answer, head):
    noise = np.random.default_rng(0).uniform(0, 0.03, (170, 170, 170)).astype(np.float32)
    volume, affine = of_size(head, (163, 160, 161))
    scans = []
    for at in ((3, 4, 5), (4, 3, 5)):
        place = tuple(slice(a, a + n) for a, n in zip(at, volume.shape, strict=True))
        whole = noise.copy()
        whole[place] = np.maximum(whole[place], volume)
        scans.append((whole, affine, lambda values, place=place: values[place]))
    (first, _, undo), second = scans
    score, values = answer(first, affine)
    again, brought = answer(second[0], affine)
    assert abs(again - score) < SCORE
    assert np.quantile(np.abs(second[2](brought) - undo(values)), 0.999) < MAP
