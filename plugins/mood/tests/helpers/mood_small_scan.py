"""One small scan, for readers of all formats to be compared by."""

import numpy as np

from challengeflow_mood.data.images import open_scan

VALUES = np.random.default_rng(0).integers(0, 900, (12, 10, 9)).astype(np.int16)
AFFINE = np.array([[0, -2.0, 0, 30], [1.5, 0, 0, -20], [0, 0, 3.0, 5], [0, 0, 0, 1]])


def alike(path):
    """The file at `path` holds this very scan."""
    scan = open_scan(path)
    np.testing.assert_array_equal(scan.read().reshape(VALUES.shape), VALUES)
    np.testing.assert_allclose(scan.affine, AFFINE, atol=1e-4)
