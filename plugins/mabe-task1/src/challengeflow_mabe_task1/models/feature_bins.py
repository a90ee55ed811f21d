"""Features as numbers of bins, which scikit-learn need not look for then, and its trees brought back to values.

Of weighted rows it makes bins by sorting each feature anew for every one of their borders. Here it is sorted once; the
borders are scikit-learn's own, and so are the trees.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from challengeflow.plain_models import LEAF, BoostedTrees

LARGEST = 1e300  # of a border, as in scikit-learn: beyond it infinity alone is


def borders(values: np.ndarray, weights: np.ndarray, bins: int) -> np.ndarray:
    """The values (B,) float64, rising, that part one feature (rows,) into at most `bins` bins; a border is in the bin
    below it.

    weights: float64 (rows,), positive. Missing values (NaN) belong to no bin. Half-way between the values where there
    are no more than bins; else the weighted percentiles, "averaged inverted CDF" of Hyndman and Fan (1996).
    """
    known = ~np.isnan(values)
    values, weights = values[known].astype(np.float64), weights[known]
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    distinct = np.unique(values)
    if len(distinct) <= bins:
        found = np.unique((distinct[1:] + distinct[:-1]) / 2)
    else:
        below = np.cumsum(weights)
        wanted = np.linspace(0, 100, num=bins + 1)[1:-1] / 100 * below[-1]
        at = np.minimum(np.searchsorted(below, wanted), len(values) - 1)
        after = np.minimum(at + 1, len(values) - 1)
        inside = below[at] - wanted > np.finfo(np.float64).eps
        found = np.unique(np.where(inside, values[at], (values[at] + values[after]) / 2))
    return np.minimum(found, LARGEST)


def binned(values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The bin of every value (rows,) of a feature with these borders, by number: float64, NaN where it is missing."""
    return np.where(np.isnan(values), np.nan, np.searchsorted(own, values.astype(np.float64)))


def on_values(trees: BoostedTrees, borders_of: Mapping[int, np.ndarray]) -> BoostedTrees:
    """Trees that were fitted on numbers of bins, as trees that take the features; `borders_of` a feature by number."""
    nodes = dict(trees.nodes)
    value = nodes["value"].copy()
    for node in np.flatnonzero((nodes["feature"] != LEAF) & np.isfinite(value)):  # infinite: missing ones go right
        value[node] = borders_of[nodes["feature"][node]][int(value[node])]
    return replace(trees, nodes=nodes | {"value": value})
