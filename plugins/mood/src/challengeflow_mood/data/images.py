"""Opening an image file: its header is read, its voxels are not."""

from pathlib import Path

import nibabel as nib
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import SpatialImage


def load_image(path: Path) -> SpatialImage:
    """The image of a file. Raises ImageFileError where it holds none, OSError or ValueError where it cannot be read."""
    image = nib.load(path, mmap=False)
    if not isinstance(image, SpatialImage):
        raise ImageFileError(f"{path} holds no volume")
    return image
