"""Opening an image file of any format: its header is read, its voxels are not. What a file is, is told by its
content.
"""

import gzip
import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from isal import igzip
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import SpatialImage

from challengeflow import InputError
from challengeflow_mood.data.geometry import forgiving, header_text, usable_affine

NATIVE = (".nii.gz", ".nii", ".mgz", ".mgh")
"""Endings of what is read without a further package, also inside the image of a submission."""
ANALYZE, METAIMAGE = (".img", ".img.gz", ".mnc"), (".nrrd", ".nhdr", ".mha", ".mhd")
UNSIGNED = (".dcm", ".ima")
"""Endings of DICOM files that may lack their signature."""
ENDINGS = NATIVE + ANALYZE + METAIMAGE + UNSIGNED
"""Endings of all scans that are read; DICOM files are known without one, too."""
PACKED = (".nii.gz", ".mgz")
NIFTI = {348: forgiving(nib.Nifti1Image), 540: forgiving(nib.Nifti2Image)}
KINDS = NIFTI | {1: nib.MGHImage}
"""The first number of a file -> what it is."""
MOST_BEHIND = 64 << 20
"""Bytes of a packed file behind its voxels; sound ones have none, or a few words."""


@dataclass(frozen=True)
class ScanFile:
    """An opened scan: stored shape, an affine that can be used, its NIfTI header in base64 (None: of another format),
    the type of its voxels, and what reads them, in this shape.
    """

    shape: tuple[int, ...]
    affine: np.ndarray
    header: str | None
    dtype: np.dtype
    read: Callable[[], np.ndarray]


def open_scan(path: Path) -> ScanFile:
    """Open a scan: a file, or a folder with the slices of one DICOM series.

    Raises InputError where it is none or needs a package that is not there, ImageFileError, OSError or ValueError where
    it cannot be read.
    """
    path = path.resolve()  # a header beside it is beside the file itself, not beside a link to it
    if path.is_dir():
        return _by("dicom_series").open_series([file.resolve() for file in sorted(path.iterdir()) if is_dicom(file)])
    if path.stat().st_size == 0:
        raise InputError("is empty")
    if is_dicom(path):
        return _by("dicom_series").open_series([path])
    if path.name.lower().endswith(METAIMAGE):
        return _by("metaimage").open_metaimage(path)
    image = load_image(path)
    dtype = image.get_data_dtype()
    if dtype.kind not in "biuf":
        what = (
            "complex numbers; save their magnitude" if dtype.kind == "c" else "colours; expected one grey value a voxel"
        )
        raise InputError(f"holds {what}")
    shape = tuple(int(n) for n in image.shape)
    return ScanFile(
        shape,
        usable_affine(image.header, image.affine),
        header_text(image.header),
        dtype,
        lambda: voxels(image, path),
    )


def load_image(path: Path) -> SpatialImage:
    """The image of a scan that nibabel reads. NIfTI and MGH may be gzipped or not, whatever their name says, and a
    NIfTI's header wrong in what `geometry.forgiving` mends.

    Raises ImageFileError where it holds none, OSError or ValueError where it cannot be read.
    """
    name = path.name.lower()
    if name.endswith(NATIVE):
        misnamed = _misnamed(path)
        with (gzip.open if name.endswith(PACKED) != misnamed else open)(path, "rb") as file:
            data = file.read() if misnamed else file.read(4)
        kind = KINDS.get(int.from_bytes(data[:4], "little")) or KINDS.get(int.from_bytes(data[:4], "big"))
        if kind is not None:
            holder = FileHolder(fileobj=io.BytesIO(data)) if misnamed else FileHolder(filename=str(path))
            return kind.from_file_map({"image": holder}, mmap=False)
        if misnamed:
            raise ImageFileError(f"{path.name} is no NIfTI or MGH file")
    if name.endswith((".img", ".img.gz")) and not any(_is_header(other.name, name) for other in path.parent.iterdir()):
        raise ImageFileError(f"{path.name} has no header (.hdr) beside it")
    return load_map(path)


def load_map(path: Path) -> SpatialImage:
    """The image of a map or of a label: as the organisers' scorer opens it, which forgives nothing.

    Raises as `load_image` does.
    """
    image = nib.load(path, mmap=False)
    if not isinstance(image, SpatialImage):
        raise ImageFileError(f"{path.name} holds no volume")
    return image


def voxels(image: SpatialImage, path: Path) -> np.ndarray:
    """The voxels of an opened image as float32, of its full shape, scaled as its header says.

    Raises whatever a damaged file makes of its reader, also where a packed file is damaged behind its voxels.
    """
    if not path.name.lower().endswith(PACKED) or _misnamed(path):
        return np.asarray(image.dataobj, np.float32)
    with igzip.open(path, "rb") as stream:
        values = np.asarray(type(image).from_file_map({"image": FileHolder(fileobj=stream)}).dataobj, np.float32)
        rest = 0
        while block := stream.read(1 << 20):  # the checksum comes last, and is compared when all is read
            if (rest := rest + len(block)) > MOST_BEHIND:
                raise ImageFileError(f"{path} has more than {MOST_BEHIND} bytes behind its voxels")
        return values


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do; one that is named so, without its signature too."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        begin = file.read(132)
    return begin[128:] == b"DICM" or (path.name.lower().endswith(UNSIGNED) and begin[:2] in (b"\x02\0", b"\x08\0"))


def _is_header(name: str, image: str) -> bool:
    return name.lower().startswith(image.partition(".img")[0] + ".hdr")


def _misnamed(path: Path) -> bool:
    """Whether a file is gzipped although its name does not say so, or is not although it does."""
    with open(path, "rb") as file:
        return (file.read(2) == b"\x1f\x8b") != path.name.lower().endswith(PACKED)


def _by(module: str) -> Any:
    """A module for a format that needs further packages. No import statement: a submission's image reads NIfTI alone,
    and brings only what import statements name.
    """
    try:
        return importlib.import_module(f"challengeflow_mood.data.{module}")
    except ImportError as error:
        raise InputError(
            f"needs a package to be read that is not installed ({error.name}): pip install "
            "'challengeflow-mood[formats]'"
        ) from None
