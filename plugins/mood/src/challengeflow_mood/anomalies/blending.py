"""Seamless cloning: other tissue's gradients with this place's values at the rim (Perez et al. 2003, Poisson image
editing).
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg


def seamless(target: np.ndarray, other: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """`target` (X, Y, Z) with `other` cloned in where `inside` (bool) says.

    Inside, the result is `other` plus the harmonic function that equals `target - other` on the rim: Laplace's equation
    on the voxel grid, solved by conjugate gradients. Voxels at the border of the array belong to the rim.
    """
    inside = inside.copy()
    for axis in range(3):
        np.moveaxis(inside, axis, 0)[[0, -1]] = False
    count = int(inside.sum())
    if count == 0:
        return target.copy()
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(count)
    difference = (target - other).astype(np.float64)
    places = np.argwhere(inside)
    rows, columns, right = [], [], np.zeros(count)
    for axis in range(3):
        for step in (-1, 1):
            beside = places.copy()
            beside[:, axis] += step
            which = number[tuple(beside.T)]
            within = which >= 0
            rows.append(np.flatnonzero(within))
            columns.append(which[within])
            right[~within] += difference[tuple(beside[~within].T)]
    at = np.concatenate(rows), np.concatenate(columns)
    neighbours = sparse.csr_matrix((np.ones(len(at[0])), at), shape=(count, count))
    start = np.full(count, difference[inside].mean())
    harmonic, _ = cg(sparse.diags(np.full(count, 6.0)) - neighbours, right, x0=start, rtol=1e-3, maxiter=200)
    result = target.copy()
    result[inside] = other[inside] + harmonic
    return result
