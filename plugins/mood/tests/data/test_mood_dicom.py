"""DICOM as scanners and archives leave it: series in folders, each one scan, or refused with the reason."""

from pathlib import Path

import numpy as np
import pytest
from mood_small_scan import VALUES, alike

from challengeflow import InputError
from challengeflow_mood.data.images import open_scan
from challengeflow_mood.data.own_scans import find_scans
from challengeflow_mood.data.volumes import read_scan


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
