"""Scans as scanners and tools write them: read as they are, or refused with the reason."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.filebasedimages import ImageFileError

from challengeflow import InputError
from challengeflow_mood.commands.check_mood import header_facts
from challengeflow_mood.data.images import open_scan
from challengeflow_mood.data.official_layout import Entry
from challengeflow_mood.data.own_scans import belonging, find_scans
from challengeflow_mood.data.volumes import read_scan

VALUES = np.random.default_rng(0).integers(0, 900, (12, 10, 9)).astype(np.int16)
AFFINE = np.array([[0, -2.0, 0, 30], [1.5, 0, 0, -20], [0, 0, 3.0, 5], [0, 0, 0, 1]])


def alike(path):
    scan = open_scan(path)
    np.testing.assert_array_equal(scan.read().reshape(VALUES.shape), VALUES)
    np.testing.assert_allclose(scan.affine, AFFINE, atol=1e-4)


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


def write_series(folder: Path, places, uid="1.2.3", first=0, axes=(0, -1, 0, 1, 0, 0), **elements):
    """Slices of VALUES at `places` (x, y, z to the left, back and top), each a file."""
    pydicom = pytest.importorskip("pydicom")
    folder.mkdir(exist_ok=True)
    for number, place in enumerate(places):
        data = pydicom.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = pydicom.uid.CTImageStorage
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
        data.SeriesInstanceUID, data.Modality = uid, "CT"
        data.Columns, data.Rows = VALUES.shape[:2]
        data.ImagePositionPatient, data.ImageOrientationPatient = [float(v) for v in place], list(axes)
        data.PixelSpacing = [2.0, 1.5]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.PixelData = np.ascontiguousarray(VALUES[:, :, number % VALUES.shape[2]].T).tobytes()
        for name, value in elements.items():
            setattr(data, name, value)
        data.save_as(folder / f"{first + number:03d}", enforce_file_format=True)


def places(count=9, **change):
    return [(-30, 20 + change.get("tilt", 0) * k, 5 + 3 * k) for k in range(count) if k != change.get("without")]


def test_a_series_is_one_scan_in_the_order_of_its_slices(tmp_path):
    write_series(tmp_path / "series", places())
    for at, path in enumerate(sorted((tmp_path / "series").iterdir())):
        path.rename(path.with_name(f"slice-{(7 * at) % 9}"))  # names say nothing
    scans, _ = find_scans(tmp_path)
    assert list(scans) == ["series"]
    scans["series"].provide(tmp_path / "raw")
    alike(tmp_path / "raw")
    assert read_scan(tmp_path / "raw").volume.shape == VALUES.shape


def test_two_series_in_one_folder_are_two_scans(tmp_path):
    write_series(tmp_path / "mixed", places())
    write_series(tmp_path / "mixed", places(), uid="1.2.4", first=20)
    scans, _ = find_scans(tmp_path)
    assert list(scans) == ["mixed__series-1", "mixed__series-2"]
    with scans["mixed__series-2"].opened() as path:
        alike(path)
    with pytest.raises(InputError, match=r"holds 2 series \(sizes \[9, 9\]\)"):
        read_scan(tmp_path / "mixed")


@pytest.mark.parametrize(
    ("at", "elements", "reason"),
    [
        (places(without=4), {}, "misses slices: after 14.0 mm the next is 6.00 mm on, and most are 3.00 mm apart"),
        (places(tilt=1.0), {}, "gantry tilted by 18.4 degrees"),
        (places() + places(3), {}, "has 3 slices at a place where there is one already"),
        (places(1), {}, "is one slice"),
        (places(), {"SamplesPerPixel": 3}, "holds colours"),
        (places(), {"ImagePositionPatient": None}, "slices without ImagePositionPatient"),
        (places(), {"ImageOrientationPatient": None}, "slices without ImageOrientationPatient"),
        (places(), {"PixelSpacing": None}, "has no PixelSpacing"),
        (places(), {"PixelSpacing": [0, 0]}, "has no PixelSpacing"),
        (places(), {"ImageOrientationPatient": [0] * 6}, "slices without ImageOrientationPatient"),
        ([*places(8), ("nan", 20, 29)], {}, "slices without ImagePositionPatient"),
    ],
)
def test_a_series_that_is_no_volume_says_why(tmp_path, at, elements, reason):
    write_series(tmp_path / "series", at, **elements)
    with pytest.raises(InputError, match=reason):
        read_scan(tmp_path / "series")


def change(folder, change_one):
    """Change the slices of a folder: `change_one(data, number)`."""
    pydicom = pytest.importorskip("pydicom")
    for number, path in enumerate(sorted(folder.iterdir())):
        data = pydicom.dcmread(path)
        change_one(data, number)
        data.save_as(path)


@pytest.mark.parametrize("kept", [140, -1, -150])
def test_a_truncated_slice_is_named(tmp_path, kept):
    write_series(tmp_path / "series", places())
    path = tmp_path / "series" / "003"
    path.write_bytes(path.read_bytes()[:kept])
    scans, others = find_scans(tmp_path)
    with pytest.raises(InputError) as caught:
        open_scan(scans["series"].slices[0].parent).read()
    assert others == ["series/003"] or "has a slice 003 that cannot be read" in str(caught.value)


def test_what_holds_no_image_is_none(tmp_path):
    write_series(tmp_path / "series", places())
    pydicom = pytest.importorskip("pydicom")
    data = pydicom.dcmread(tmp_path / "series" / "000")
    for name in ("Rows", "Columns", "PixelData", "ImageOrientationPatient"):
        delattr(data, name)
    data.save_as(tmp_path / "series" / "DICOMDIR")
    (tmp_path / "series" / "report.dcm").write_bytes(bytes(128) + b"DICM" + b"nonsense")
    odd = (tmp_path / "series" / "000").read_bytes().replace(b"1.2.3", b"1.2.9")
    (tmp_path / "series" / "odd").write_bytes(odd.replace(b"\x28\0\x10\0US\2\0", b"\x28\0\x08\0IS\2\0"))  # no frames
    scans, others = find_scans(tmp_path)
    assert list(scans) == ["series"]
    assert others == ["series/DICOMDIR", "series/odd", "series/report.dcm"]
    with scans["series"].opened() as path:
        alike(path)


@pytest.mark.parametrize("slopes", [[1] + [0.001] * 8, np.linspace(0.2, 3, 9)], ids=["whole first", "of its own"])
def test_each_slice_is_scaled_by_itself(tmp_path, slopes):
    write_series(tmp_path / "series", places())

    def scaled(data, number):
        data.RescaleSlope, data.RescaleIntercept = f"{slopes[number]:.6g}", "0"

    change(tmp_path / "series", scaled)
    values = open_scan(tmp_path / "series").read()
    np.testing.assert_allclose(values, VALUES * np.array([float(f"{slope:.6g}") for slope in slopes]), rtol=1e-5)


def test_packed_slices_and_such_without_a_signature(tmp_path):
    write_series(tmp_path / "packed", places())
    change(tmp_path / "packed", lambda data, _: data.compress(pytest.importorskip("pydicom").uid.RLELossless))
    write_series(tmp_path / "bare", places())
    for path in list((tmp_path / "bare").iterdir()):
        path.with_suffix(".dcm").write_bytes(path.read_bytes()[132:])
        path.unlink()
    scans, others = find_scans(tmp_path)
    assert (list(scans), others) == (["bare", "packed"], [])
    for entry in scans.values():
        with entry.opened() as path:
            alike(path)


@pytest.mark.parametrize("frames", [range(9), range(8, -1, -1), [0, 2, 4, 6, 8, 1, 3, 5, 7]], ids=str)
def test_frames_are_in_the_order_in_which_they_lie(tmp_path, frames):
    pydicom = pytest.importorskip("pydicom")
    write_series(tmp_path, places(1))
    data = pydicom.dcmread(tmp_path / "000")

    def of(**elements):
        item = pydicom.Dataset()
        for name, value in elements.items():
            setattr(item, name, value)
        return item

    lies = of(ImageOrientationPatient=[0, -1, 0, 1, 0, 0])
    shared = of(PlaneOrientationSequence=[lies], PixelMeasuresSequence=[of(PixelSpacing=[2.0, 1.5], SliceThickness=3)])
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = pydicom.uid.EnhancedMRImageStorage
    data.NumberOfFrames, data.SharedFunctionalGroupsSequence = 9, [shared]
    data.PerFrameFunctionalGroupsSequence = [
        of(PlanePositionSequence=[of(ImagePositionPatient=list(places()[frame]))]) for frame in frames
    ]
    data.PixelData = b"".join(np.ascontiguousarray(VALUES[:, :, frame].T).tobytes() for frame in frames)
    del data.ImagePositionPatient, data.ImageOrientationPatient, data.PixelSpacing
    data.save_as(tmp_path / "000")
    alike(tmp_path / "000")


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
