"""Where a scan lies: an affine that can be used, whatever its header says, and the header that its map carries."""

import base64
from collections.abc import Iterator

import nibabel as nib
import numpy as np
from nibabel.spatialimages import SpatialHeader


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
    """Whether an affine (4, 4) holds numbers and no axis of it is without a length."""
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12)


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
