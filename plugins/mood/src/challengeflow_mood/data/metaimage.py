"""NRRD and MetaImage, by SimpleITK (of the plugin's extra `formats`)."""

from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mood.data.dicom_series import affine_of, opened, values_of
from challengeflow_mood.data.images import ScanFile


def open_metaimage(path: Path) -> ScanFile:
    """The volume of a file. Raises InputError where it cannot be read, or holds several values a voxel."""
    reader = opened(path, "NrrdImageIO" if path.name.lower().endswith((".nrrd", ".nhdr")) else "MetaImageIO")
    if reader.GetNumberOfComponents() != 1:
        raise InputError(f"holds {reader.GetNumberOfComponents()} values a voxel; expected one grey value")
    shape = reader.GetSize()
    affine = affine_of(reader) if len(shape) >= 3 else np.eye(4)
    return ScanFile(shape, affine, None, np.dtype(np.float32), lambda: values_of(reader))
