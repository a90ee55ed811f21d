"""Image files: opening one reads its header alone; its voxels are believed where the checksum of their packing fits."""

from pathlib import Path

import nibabel as nib
import numpy as np
from isal import igzip
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import SpatialImage

MOST_BEHIND = 64 << 20
"""Bytes of a packed file behind its voxels; sound ones have none, or a few words."""


def load_image(path: Path) -> SpatialImage:
    """The image of a file. Raises ImageFileError where it holds none, OSError or ValueError where it cannot be read."""
    image = nib.load(path, mmap=False)
    if not isinstance(image, SpatialImage):
        raise ImageFileError(f"{path} holds no volume")
    return image


def voxels(image: SpatialImage, path: Path) -> np.ndarray:
    """The voxels of an opened image as float32, of its full shape, scaled as its header says.

    Raises whatever a damaged file makes of its reader, also where a packed file is damaged behind its voxels.
    """
    if not path.name.lower().endswith("z"):
        return np.asarray(image.dataobj, np.float32)
    with igzip.open(path, "rb") as stream:
        values = np.asarray(type(image).from_file_map({"image": FileHolder(fileobj=stream)}).dataobj, np.float32)
        rest = 0
        while block := stream.read(1 << 20):  # the checksum comes last, and is compared when all is read
            if (rest := rest + len(block)) > MOST_BEHIND:
                raise ImageFileError(f"{path} has more than {MOST_BEHIND} bytes behind its voxels")
        return values
