"""Scans as scanners and tools write them: read as they are, or refused with the reason."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from mood_small_scan import AFFINE, VALUES, alike
from nibabel.filebasedimages import ImageFileError

from challengeflow import InputError
from challengeflow_mood.commands.check_mood import header_facts
from challengeflow_mood.data.images import open_scan
from challengeflow_mood.data.official_layout import Entry
from challengeflow_mood.data.own_scans import belonging, find_scans
from challengeflow_mood.data.volumes import read_scan


@pytest.mark.parametrize("name", ["gzip.nii", "plain.nii.gz", "nifti-2.nii", "swapped.nii.gz"])
def test_what_a_nifti_is_tells_its_content(tmp_path, name):
    kind = nib.Nifti2Image if "2" in name else nib.Nifti1Image
    header = nib.Nifti1Header(endianness=">") if name.startswith("swapped") else None
    image = kind(VALUES, AFFINE, header)
    image.set_data_dtype(np.int16)
    proper = "scan.nii.gz" if name in ("gzip.nii", "swapped.nii.gz") else "scan.nii"
    nib.save(image, tmp_path / proper)
    (tmp_path / proper).rename(tmp_path / name)
    alike(tmp_path / name)
    shape, dtype, affine = header_facts(Entry(tmp_path / name))
    assert shape == VALUES.shape
    assert dtype in ("int16", ">i2")
    assert affine.startswith("0 -2 0 30 1.5")


def test_the_header_of_an_mgh_file_too(tmp_path):
    nib.save(nib.MGHImage(VALUES.astype(np.float32), AFFINE), tmp_path / "scan.mgz")
    alike(tmp_path / "scan.mgz")
    assert header_facts(Entry(tmp_path / "scan.mgz"))[0] == VALUES.shape


def test_an_analyze_pair_is_one_scan(tmp_path):
    nib.save(nib.Nifti1Pair(VALUES, AFFINE), tmp_path / "scan.img")
    scans, others = find_scans(tmp_path)
    assert (list(scans), others) == (["scan.img"], [])
    scans["scan.img"].provide(tmp_path / "link.img")
    alike(tmp_path / "link.img")


@pytest.mark.parametrize(("written", "name"), [("scan.mgz", "scan.mgh"), ("scan.mgh", "scan.mgz")])
def test_what_is_packed_tells_its_content_in_an_mgh_file_too(tmp_path, written, name):
    nib.save(nib.MGHImage(VALUES.astype(np.float32), AFFINE), tmp_path / written)
    (tmp_path / written).rename(tmp_path / name)
    alike(tmp_path / name)


@pytest.mark.parametrize("name", ["SCAN.NII.GZ", "Scan.Nii.gz", "Scan.Nii", "Scan.MGZ"])
def test_capitals_in_an_ending(tmp_path, name):
    kind = nib.MGHImage if name.endswith("MGZ") else nib.Nifti1Image
    nib.save(kind(VALUES.astype(np.float32), AFFINE), tmp_path / name.lower())
    (tmp_path / name.lower()).rename(tmp_path / name)
    assert list(find_scans(tmp_path)[0]) == [name]
    alike(tmp_path / name)


def test_a_header_that_is_missing_is_named(tmp_path):
    nib.save(nib.Nifti1Pair(VALUES, AFFINE), tmp_path / "scan.img")
    (tmp_path / "scan.hdr").unlink()
    with pytest.raises(ImageFileError, match=r"scan.img has no header \(.hdr\) beside it"):
        open_scan(tmp_path / "scan.img")


def test_two_scans_whose_places_read_alike_are_two(tmp_path):
    (tmp_path / "a").mkdir()
    for place in ("a/b.nii.gz", "a__b.nii.gz"):
        nib.save(nib.Nifti1Image(VALUES, AFFINE), tmp_path / place)
    assert list(find_scans(tmp_path)[0]) == ["a__b-2.nii.gz", "a__b.nii.gz"]


def test_a_link_that_leads_nowhere_is_a_scan_that_is_missing(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "scan.nii.gz").symlink_to(".git/annex/objects/scan.nii.gz")
    entry = find_scans(tmp_path / "own")[0]["scan.nii.gz"]
    entry.provide(tmp_path / "scan.nii.gz")
    with pytest.raises(InputError, match="file missing"):
        read_scan(tmp_path / "scan.nii.gz")


def image_of_simpleitk():
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.GetImageFromArray(VALUES.T)
    image.SetSpacing([1.5, 2.0, 3.0])
    image.SetDirection([0, 1, 0, -1, 0, 0, 0, 0, 1])
    image.SetOrigin([-30, 20, 5])
    return sitk, image


@pytest.mark.parametrize("name", ["scan.nrrd", "scan.mha", "scan.mhd", "SCAN.MHA", "SCAN.NRRD"])
def test_nrrd_and_metaimage(tmp_path, name):
    sitk, image = image_of_simpleitk()
    sitk.WriteImage(image, str(tmp_path / name.lower()))
    (tmp_path / name.lower()).rename(tmp_path / name)
    assert list(find_scans(tmp_path)[0]) == [name]
    alike(tmp_path / name)


def test_one_volume_of_four_axes_in_an_nrrd(tmp_path):
    sitk, image = image_of_simpleitk()
    sitk.WriteImage(sitk.JoinSeries([image]), str(tmp_path / "scan.nrrd"))
    alike(tmp_path / "scan.nrrd")
    sitk.WriteImage(sitk.JoinSeries([image, image]), str(tmp_path / "scan.nrrd"))
    with pytest.raises(InputError, match=r"has the shape \(12, 10, 9, 2\)"):
        read_scan(tmp_path / "scan.nrrd")


@pytest.mark.parametrize("name", ["scan.nrrd", "scan.mha"])
def test_why_a_damaged_one_cannot_be_read_is_the_same_each_time(tmp_path, name):
    sitk, image = image_of_simpleitk()
    sitk.WriteImage(image, str(tmp_path / name))
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-100])
    reasons = set()
    for _ in range(2):
        with pytest.raises(InputError, match="cannot be read") as caught:
            read_scan(tmp_path / name)
        reasons.add(str(caught.value))
    assert len(reasons) == 1
    assert "0x" not in reasons.pop()


@pytest.mark.parametrize(
    ("dtype", "reason"), [(np.complex64, "complex numbers; save their magnitude"), ("rgb", "colours")]
)
def test_what_is_no_grey_value_is_refused(tmp_path, dtype, reason):
    values = np.zeros((9, 9, 9), [("R", "u1"), ("G", "u1"), ("B", "u1")] if dtype == "rgb" else dtype)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "scan.nii.gz")
    with pytest.raises(InputError, match=reason):
        read_scan(tmp_path / "scan.nii.gz")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "scan.nii.gz").touch()
    with pytest.raises(InputError, match="is empty"):
        read_scan(tmp_path / "scan.nii.gz")
    with pytest.raises(ValueError, match="empty"):
        header_facts(Entry(tmp_path / "scan.nii.gz"))


def test_what_is_no_scan_is_named(tmp_path):
    nib.save(nib.Nifti1Image(VALUES, AFFINE), tmp_path / "scan.nii")
    for name in ("notes.txt", "scan.json", ".DS_Store"):
        (tmp_path / name).write_text("x")
    assert find_scans(tmp_path)[1] == ["notes.txt"]


REAL = {
    "FLAIR.nrrd": (124, 160, 140),
    "anatomical.nii": (33, 41, 25),
    "aparc.a2009s+aseg.mgz": (256, 256, 256),
    "dicom__ct": (512, 512, 20),
    "enh.dcm": "is one slice|at least|misses|many frames|",
    "mha.mha": (64, 64, 37),
    "ras.img": (62, 41, 34),
    "reoriented_anat_moved.nii": (21, 26, 22),
    "small.mnc": (18, 28, 29),
    "complex.nii.gz": "complex numbers",
    "ct_perfusion.nii.gz": "colours",
    "example_nifti2.nii.gz": "expected one three-dimensional volume",
    "test.mgz": "expected one three-dimensional volume",
    "dicom__other": "at least 8 voxels",
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(mood_real, tmp_path, name):
    entry = find_scans(mood_real / "formats")[0][name]
    entry.provide(tmp_path / name)
    expected = REAL[name]
    if isinstance(expected, tuple):
        assert read_scan(tmp_path / name).volume.shape == expected
    else:
        with pytest.raises(InputError, match=expected):
            read_scan(tmp_path / name)


def test_what_lies_beside_a_scan_is_found_without_a_look_at_all_of_the_folder(tmp_path, monkeypatch):
    """Else a folder of n scans takes n times n looks."""
    for name in ("a.nii", "a.json", "a.BVAL", "ab.json", "b.nii.gz"):
        (tmp_path / name).write_bytes(b"x" * 400)
    scans, _ = find_scans(tmp_path)
    monkeypatch.setattr(Path, "iterdir", lambda folder: pytest.fail("listed"))
    found = {name: [path.name for path in belonging(entry)] for name, entry in scans.items()}
    assert found == {"a.nii": ["a.nii", "a.BVAL", "a.json"], "b.nii.gz": ["b.nii.gz"]}
