"""Grey values: what of a scan was measured, its values brought to [0, 1], and what is comparable between scans."""

import numpy as np

from challengeflow import InputError

IN_RANGE = (-0.01, 1.01)  # MOOD's own files are scaled to [0, 1]; rounding may step over
LEAST_TOP = 0.25  # the brightest tissue of a scan that counts as scaled already
WINDOW = (-1000.0, 1000.0)  # Hounsfield units that become 0 and 1: from air to dense bone
NO_TISSUE = -1200.0  # Hounsfield units: nothing is so thin
COLDEST = (-1200.0, -50.0)  # Hounsfield units: where the lowest values of a CT lie; MR has no negative ones
SET_IN = 0.02  # share of a CT's voxels that hold the value of its corners, where these are padding
LEAST_MEASURED = 0.05  # share of the voxels
LARGEST = 1e15  # no scanner counts so far, and differences of float32 values beyond it overflow
SAMPLED, COUNTED = 128, 64  # voxels a side


def scale(volume: np.ndarray) -> tuple[np.ndarray | None, list[float]]:
    """Bring `volume` (X, Y, Z), float32, to [0, 1] in place; which voxels are padding, and the values that became 0 and
    1.

    Padding is what holds no measurement: voxels that are NaN, infinite or absurdly large; in a CT what no tissue and no
    air can be, and the value that its corners hold, if that is no more than air or much is less; in others a lowest
    value, or one that the corners hold, that lies farther from the rest than the rest is wide. It becomes 0. It is bool
    (X, Y, Z), or None where there is none. Values in [0, 1] stay as they are, if they fill the range. A CT in
    Hounsfield units is scaled by a window, any other scan by its lowest values and the brightest of the body: by 0.1
    and 99.9 percentiles. Raises InputError where less than a twentieth was measured, or all of it is one value.
    """
    low, high = float(volume.min()), float(volume.max())
    padding = None
    if not (low > -LARGEST and high < LARGEST):
        padding = ~(np.abs(volume) < LARGEST)
        _check_measured(padding, f"NaN, infinite or beyond {LARGEST:g}")
        low, high = _range(volume, padding)
    _check_differ(low, high)
    values = _sample(volume, padding)
    if not _in_range(low, high, values) and (set_in := _set_in(volume, values, low)) is not None:
        padding = set_in if padding is None else set_in | padding
        _check_measured(padding, "padding")
        low, high = _range(volume, padding)
        _check_differ(low, high)
        values = _sample(volume, padding)
    scaling = [0.0, 1.0]
    if not _in_range(low, high, values):
        scaling = list(WINDOW) if _is_ct(values) else [float(np.percentile(values, 0.1)), _brightest(values)]
        if scaling[1] <= scaling[0]:
            scaling = [low, high]
        volume -= np.float32(scaling[0])
        volume /= np.float32(scaling[1] - scaling[0])
    np.clip(volume, 0, 1, out=volume)
    if padding is not None:
        volume[padding] = 0
    return padding, scaling


def count_values(volume: np.ndarray) -> int:
    """How many values a volume (X, Y, Z) holds, of voxels that are evenly spread: hundreds in a scan, few in a mask."""
    return len(np.unique(volume[tuple(slice(None, None, max(1, n // COUNTED)) for n in volume.shape)]))


def relative_grey(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Grey values (g, g, g), float32: 1 is the body's median, and 1 more is its 10 to 90 % range; air is about 0; from
    -1 to 4.
    """
    grey = np.asarray(volume, np.float32)
    inside = mask > 0
    if not inside.any():
        return grey
    low, middle, high = np.percentile(grey[inside], [10, 50, 90])
    grey = np.where(inside, (grey - middle) / max(high - low, 0.05) + 1, grey / max(middle, 0.05))
    return np.clip(grey, -1, 4).astype(np.float32)


def _set_in(volume: np.ndarray, values: np.ndarray, low: float) -> np.ndarray | None:
    """What a scan was set into, bool (X, Y, Z); None where nothing tells. values: a sample of the scan's."""
    corner = _of_corners(volume)
    rest = values[values > max(low, NO_TISSUE)]
    if len(rest) and _is_ct(rest):
        cut: np.ndarray = volume < NO_TISSUE
        is_no_tissue = corner <= WINDOW[0] or np.mean(rest < corner) > SET_IN  # else where a window cut the air off
        if is_no_tissue and np.mean(rest == corner) > SET_IN:
            cut |= volume == np.float32(corner)
        return cut
    rest = values[(values != low) & (values != corner)]
    first, last = np.percentile(rest, [0.5, 99.5]) if len(rest) else (low, low)
    far = [each for each in {low, corner} - {np.inf} if max(first - each, each - last) > last - first]
    return np.isin(volume, np.array(far, np.float32)) if far else None


def _of_corners(volume: np.ndarray) -> float:
    """The value that most of the eight corners hold, at least four; infinity where there is none."""
    values, counts = np.unique(
        volume[:: volume.shape[0] - 1, :: volume.shape[1] - 1, :: volume.shape[2] - 1], return_counts=True
    )
    return float(values[counts.argmax()]) if counts.max() >= 4 else np.inf


def _in_range(low: float, high: float, values: np.ndarray) -> bool:
    """Whether values, from `low` to `high`, are scaled already."""
    return low >= IN_RANGE[0] and high <= IN_RANGE[1] and _brightest(values) >= LEAST_TOP


def _range(volume: np.ndarray, padding: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest value outside of the padding."""
    measured = ~padding
    low, high = np.min(volume, where=measured, initial=np.inf), np.max(volume, where=measured, initial=-np.inf)
    return float(low), float(high)


def _check_differ(low: float, high: float) -> None:
    if high <= low:
        raise InputError(f"is constant: every voxel is {low:g}")


def _check_measured(padding: np.ndarray, what: str) -> None:
    count = int(np.count_nonzero(padding))
    if count > (1 - LEAST_MEASURED) * padding.size:
        raise InputError(f"{count} of {padding.size} voxels are {what}")


def _sample(volume: np.ndarray, padding: np.ndarray | None) -> np.ndarray:
    """Values of voxels that are evenly spread, without the padding."""
    steps = tuple(slice(None, None, max(1, n // SAMPLED)) for n in volume.shape)
    return volume[steps].ravel() if padding is None else volume[steps][~padding[steps]]


def _is_ct(values: np.ndarray) -> bool:
    """Whether values are Hounsfield units."""
    return COLDEST[0] <= float(np.percentile(values, 0.5)) <= COLDEST[1]


def _brightest(values: np.ndarray) -> float:
    """The 99.9th percentile of the body: of what is above the mean."""
    body = values[values > values.mean()]
    return float(np.percentile(body if len(body) else values, 99.9))
