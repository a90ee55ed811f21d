"""Where a scan lies: an affine that can be used, whatever its header says, and the header that its map carries."""

import base64
from collections.abc import Iterator
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import SpatialHeader

LEAST_VOLUME = 1e-4  # of a voxel, where that of a box with its sides is 1
NUMBERS = ("scl_inter", *(f"quatern_{axis}" for axis in "bcd"), *(f"qoffset_{axis}" for axis in "xyz"))


def forgiving(kind: type[nib.Nifti1Image]) -> type[nib.Nifti1Image]:
    """The same kind of image, in whose headers what would keep nibabel from opening it is what NIfTI's own library
    makes of it: no number is 0, a quaternion longer than 1 counts by its direction, and voxels begin behind the header.
    """

    class Header(kind.header_class):  # type: ignore[name-defined, misc]
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            for name in NUMBERS:
                self[name] = np.nan_to_num(self[name], nan=0, posinf=0, neginf=0)
            length = np.linalg.norm([self[f"quatern_{axis}"] for axis in "bcd"])
            if length > 1:
                for axis in "bcd":
                    self[f"quatern_{axis}"] /= length
            if not self["vox_offset"] >= self.single_vox_offset:
                self["vox_offset"] = self.single_vox_offset

    return type(kind.__name__, (kind,), {"header_class": Header})


def usable_affine(header: SpatialHeader, stated: np.ndarray | None = None) -> np.ndarray:
    """The affine (4, 4), float64: of a NIfTI header the first of sform, qform and voxel sizes that can be undone, of
    another the `stated` one or the voxel sizes. Sizes that are none count as 1 mm.
    """
    for affine in _stated(header, stated):
        if is_usable(affine):
            return affine
    sizes = np.array([*header.get_zooms(), 1.0, 1.0, 1.0][:3], np.float64)
    return np.diag([*np.where(np.isfinite(sizes) & (sizes > 0), sizes, 1.0), 1.0])


def is_usable(affine: np.ndarray) -> bool:
    """Whether an affine (4, 4) holds numbers, no axis of it is without a length and not all lie in one plane."""
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(lengths.all() and abs(np.linalg.det(affine[:3, :3] / lengths)) > LEAST_VOLUME)


def header_text(header: SpatialHeader) -> str | None:
    """A header of NIfTI-1 in base64, little-endian; None of any other."""
    if isinstance(header, nib.Nifti1Header) and not isinstance(header, nib.Nifti2Header):
        plain = nib.Nifti1Header(header.binaryblock, endianness=header.endianness, check=False)
        return base64.b64encode(plain.as_byteswapped("<").binaryblock).decode()
    return None


def _stated(header: SpatialHeader, stated: np.ndarray | None) -> Iterator[np.ndarray]:
    """What the header says, best first; what it cannot mean (a quaternion that is none) is left out."""
    if isinstance(header, nib.Nifti1Header):
        for get in (header.get_sform, header.get_qform):
            try:
                affine, code = get(coded=True)
            except (ValueError, nib.spatialimages.HeaderDataError):
                continue
            if code and affine is not None:
                yield np.asarray(affine, np.float64)
        yield np.asarray(header.get_base_affine(), np.float64)
    elif stated is not None:
        yield np.asarray(stated, np.float64)
