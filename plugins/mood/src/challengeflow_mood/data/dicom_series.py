"""DICOM: which files are one series, and its slices as one volume; a series that is none is refused with the reason.

Headers are read by pydicom, pixels by SimpleITK, which knows the compressed ones; both are of the plugin's extra
`formats`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk

from challengeflow import InputError
from challengeflow_mood.data.images import ScanFile

TAGS = ["SeriesInstanceUID", "Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient"]
TAGS += ["PixelSpacing", "SamplesPerPixel", "SeriesNumber"]
UNEVEN = 0.02  # share by which distances between slices may differ
TILT = 1.0  # degrees between the way from slice to slice and the slices' normal
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # DICOM counts to the left and to the back


def series(files: Iterable[Path]) -> list[tuple[Path, ...]]:
    """The files of each series, in the order of their names: those of one UID, orientation and size of slice and voxel.

    What holds no image is in none of them: directories, reports, contours, and files that are damaged.
    """
    found: dict[tuple, list[Path]] = defaultdict(list)
    for path in sorted(files):
        if (key := _series_of(path)) is not None:
            found[key].append(path)
    return [tuple(own) for own in found.values()]


def open_series(files: Sequence[Path]) -> ScanFile:
    """The volume of a series. Raises InputError where its files are several series, slices are missing or there twice,
    the gantry was tilted, or nothing says where they lie.
    """
    parts = series(files)
    if not parts:
        raise InputError("holds no DICOM file with an image")
    if len(parts) > 1:
        raise InputError(f"holds {len(parts)} series (sizes {sorted(map(len, parts))}); give each a folder of its own")
    files = parts[0]
    headers = [_header(path) for path in files]
    if any(int(header.get("SamplesPerPixel") or 1) != 1 for header in headers):
        raise InputError("holds colours; expected one grey value a voxel")
    if len(files) == 1 and int(headers[0].get("NumberOfFrames") or 1) > 1:
        return _of_frames(files[0])
    axes, places = _axes(headers), [_numbers(header, "ImagePositionPatient") for header in headers]
    if any(len(place) != 3 for place in places):
        raise InputError("has slices without ImagePositionPatient, so where they lie is not known")
    spacing = _numbers(headers[0], "PixelSpacing")[::-1]
    if len(spacing) != 2 or min(spacing) <= 0:
        raise InputError("has no PixelSpacing, so how large its voxels are is not known")
    order, affine = _placed(axes, spacing, np.array(places))
    shape = (int(headers[0]["Columns"].value), int(headers[0]["Rows"].value), len(files))
    names = [str(files[at]) for at in order]
    return ScanFile(shape, affine, None, np.dtype(np.float32), lambda: _pixels(names))


def _series_of(path: Path) -> tuple | None:
    """What the files of one series have in common; None of a file without an image that can be read."""
    try:
        header = _header(path)
        frames = path if int(header.get("NumberOfFrames") or 1) > 1 else None  # a file of many is a series of its own
        size = (int(header["Rows"].value), int(header["Columns"].value))
        lies = [tuple(np.round(_numbers(header, name), 2)) for name in ("ImageOrientationPatient", "PixelSpacing")]
        return str(header.get("SeriesInstanceUID", "")), size, *lies, frames
    except Exception:  # a header from outside breaks its reader in any way
        return None


def _of_frames(path: Path) -> ScanFile:
    """A file of many frames. Where each lies is in its functional groups; without these it is a film and no volume."""
    header = pydicom.dcmread(path, stop_before_pixels=True)
    groups = [*header.get("PerFrameFunctionalGroupsSequence", [])]
    shared = [*header.get("SharedFunctionalGroupsSequence", [])][:1]
    try:
        places = np.array([_of_group([group], "PlanePositionSequence", "ImagePositionPatient") for group in groups])
        axes = _axes([_of_group([groups[0], *shared], "PlaneOrientationSequence", None)])
        spacing = _of_group([groups[0], *shared], "PixelMeasuresSequence", "PixelSpacing")[::-1]
    except (AttributeError, KeyError, IndexError, StopIteration):
        raise InputError("has many frames and does not say where each of them lies") from None
    reader = opened(path, "GDCMImageIO")
    order, affine = _placed(axes, spacing, places)
    return ScanFile(reader.GetSize(), affine, None, np.dtype(np.float32), lambda: values_of(reader)[..., order])


def _of_group(groups: Sequence[Any], sequence: str, name: str | None) -> Any:
    """The first item of a sequence in the first of some functional groups that has it, or one of its elements."""
    item = next(group for group in groups if sequence in group)[sequence].value[0]
    return [float(value) for value in item[name].value] if name else item


def _placed(axes: np.ndarray, spacing: Sequence[float], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of slices and the affine (4, 4) of their volume. spacing: along a row and down a column, in mm."""
    order, step = _stack(axes, places)
    affine = np.eye(4)
    affine[:3, :4] = np.stack([axes[0] * spacing[0], axes[1] * spacing[1], step, places[order[0]]], axis=1)
    return order, TO_RAS @ affine


def _stack(axes: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of slices along their normal, and the step from one to the next, (3,), in millimetres."""
    normal = np.cross(axes[0], axes[1])
    along = places @ normal
    order = np.argsort(along)
    gaps = np.diff(along[order])
    if len(places) < 2:
        raise InputError("is one slice; expected a volume")
    if (gaps < 1e-3).any():
        raise InputError(
            f"has {int((gaps < 1e-3).sum())} slices at a place where there is one already (phases, echoes or copies); "
            "give one of them a folder of its own"
        )
    usual = float(np.median(gaps))
    missing = np.flatnonzero(np.abs(gaps - usual) > UNEVEN * usual)
    if len(missing):
        at, gap = along[order][missing[0]], gaps[missing[0]]
        raise InputError(
            f"misses slices: after {at:.1f} mm the next is {gap:.2f} mm on, and most are {usual:.2f} mm apart"
        )
    step = (places[order[-1]] - places[order[0]]) / (len(places) - 1)
    tilt = np.degrees(np.arccos(np.clip(step @ normal / np.linalg.norm(step), -1, 1)))
    if tilt > TILT:
        raise InputError(f"was scanned with the gantry tilted by {tilt:.1f} degrees; straighten it (dcm2niix does)")
    return order, step


def _axes(headers: Sequence[Any]) -> np.ndarray:
    """Directions along a row and down a column, (2, 3)."""
    axes = np.array(_numbers(headers[0], "ImageOrientationPatient"))
    if axes.shape != (6,) or abs(np.linalg.norm(np.cross(axes[:3], axes[3:])) - 1) > UNEVEN:
        raise InputError("has slices without ImageOrientationPatient, so how they lie is not known")
    return axes.reshape(2, 3)


def _numbers(header: Any, name: str) -> list[float]:
    """The numbers of an element; none where one is none."""
    try:
        values = np.atleast_1d(np.asarray(header.get(name), float))
    except (TypeError, ValueError):
        return []
    return values.tolist() if np.isfinite(values).all() else []


def _header(path: Path) -> Any:
    return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS, force=True)


def _pixels(names: list[str]) -> np.ndarray:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    reader.SetImageIO("GDCMImageIO")
    reader.SetOutputPixelType(sitk.sitkFloat32)  # else that of the first slice, to which the others are rounded
    try:
        return values_of(reader)
    except InputError:
        for name in names:
            try:
                values_of(opened(Path(name), "GDCMImageIO"))
            except InputError as reason:
                raise InputError(f"has a slice {Path(name).name} that {reason}") from None
        raise


def opened(path: Path, kind: str) -> sitk.ImageFileReader:
    """A file whose header SimpleITK has read. kind: its name of the format. Raises InputError where it cannot."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(kind)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"cannot be read: {_last_words(error)}") from None
    return reader


def values_of(reader: sitk.ImageFileReader | sitk.ImageSeriesReader) -> np.ndarray:
    """The voxels that a reader reads, float32, axes in the file's order. Raises InputError where it cannot."""
    try:
        return sitk.GetArrayFromImage(reader.Execute()).astype(np.float32, copy=False).T
    except RuntimeError as error:
        raise InputError(f"cannot be read: {_last_words(error)}") from None


def _last_words(error: RuntimeError) -> str:
    """What SimpleITK says in the end, without what differs from run to run: addresses, and another call's error."""
    last = str(error).strip().splitlines()[-1]
    if last.startswith("Reason: "):
        return "the voxels that its header tells of are not there"
    return re.sub(r"\(0x\w+\)|^\S*(ITK )?ERROR: ", "", last)


def affine_of(image: sitk.Image | sitk.ImageFileReader) -> np.ndarray:
    """The affine (4, 4) to the right, front and top of an image of SimpleITK, which counts as DICOM does."""
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(len(image.GetSize()), -1)[:3, :3]
    affine[:3, :3] = direction * np.array(image.GetSpacing())[:3]
    affine[:3, 3] = np.array(image.GetOrigin())[:3]
    return TO_RAS @ affine
