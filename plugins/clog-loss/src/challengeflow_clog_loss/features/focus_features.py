"""Features of one vessel that are taken where and while it is in focus: does the pattern in it stay, or move?

Every place is compared with its own envelope, which follows the focus along the vessel (see video.focus), so that a
vessel that dives does not look like flow. All figures are relative to what chance makes of the same video, since noise
differs.
"""

import numpy as np
from scipy import ndimage

from challengeflow_clog_loss.video import focus

LAGS = np.arange(1, 9)  # frames
FARTHEST = 12  # places that a pattern may move within a lag
SHIFTS = np.arange(-FARTHEST, FARTHEST + 1)
SPEEDS = np.arange(-6, 6.01, 0.25)  # places a frame
SLOW, MOVING = 0.3, 0.5  # places a frame up to which a pattern stays, and from which on it moves
LONGEST = 6  # frames over which a speed is followed
CELL = 4.0  # places over which the vessel's own light is smoothed: longer than a cell
DIM = 0.25  # of the brightest light; what is darker is out of focus
RARE = 0.08  # of all light: fewer pairs than that are believed the less, the fewer they are
EPSILON = 1e-6


def focus_features(lines: np.ndarray) -> dict[str, float]:
    """Name -> value. lines: light above dark tissue, float (frames, places)."""
    texture, weight = texture_in_focus(lines)
    return _likeness(texture, weight) | _lasting(texture, weight)


def texture_in_focus(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Departure of the light from its envelope, as a share of it, and the weight of each point, 0 to 1."""
    light = envelope(lines)
    scale = max(float(np.quantile(light, 0.95)), 1.0)
    light = np.maximum(light, 0.1 * scale)
    weight = np.clip(light / scale, 0, 1) ** 2
    weight[light < DIM * scale] = 0
    texture = np.clip(lines / light - 1, -1, 1)
    # what brightens or dims the whole vessel at once (laser, a shift of the frame) is no cell
    return texture - _mean(texture, weight, axis=1), weight


def envelope(lines: np.ndarray) -> np.ndarray:
    """The light of each place, smooth along the vessel, times one common profile around its frame of focus."""
    frames, places = lines.shape
    course = focus.course(lines)
    upright, known = focus.upright(lines, course, frames)
    light, profile = np.ones(places), np.zeros(2 * frames)
    for _ in range(3):  # each of the two follows from the other
        seen = (known * light**2).sum(axis=1)
        profile = ndimage.gaussian_filter1d((upright * light).sum(axis=1) / (seen + EPSILON), 1.0).clip(0)
        profile[seen <= 0.15 * seen.max()] = 0
        profile /= max(float(profile.max()), EPSILON)
        own = [(part * profile[:, None]).sum(axis=0) for part in (upright, known * profile[:, None])]
        above, below = (ndimage.gaussian_filter1d(part, CELL, mode="nearest") for part in own)
        light = (above / (below + EPSILON)).clip(1)
    since = np.arange(frames)[:, None] - course
    return np.interp(since, np.arange(-frames, frames), profile) * light


def _likeness(texture: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """How like itself the pattern is later, standing still and at every speed."""
    table, power = _products(texture, weight)
    chance = float(np.sqrt(np.mean(table[:, np.abs(SHIFTS) >= 3] ** 2))) + 0.01 * power + EPSILON
    by_speed = _by_speed(table)
    stays, moves = (float(by_speed[own].max()) for own in (np.abs(SPEEDS) <= SLOW, np.abs(SPEEDS) >= MOVING))
    standing, near = table[:, FARTHEST], table[:, FARTHEST - 1 : FARTHEST + 2].max(axis=1)
    best, later = float(table[0].max()) + chance, table[1:6].mean(axis=0)
    values = {
        "focus_stays": stays / power,
        "focus_moves": moves / power,
        "focus_stays_to_chance": np.log1p(max(stays, 0) / chance),
        "focus_moves_to_chance": np.log1p(max(moves, 0) / chance),
        "focus_stays_not_moves": (stays - moves) / (abs(stays) + abs(moves) + chance),
        "focus_speed": np.log1p(np.abs(SPEEDS[by_speed.argmax()])),
        "focus_kept_1": standing[0] / best,
        "focus_later_to_chance": standing[1:6].mean() / chance,
        "focus_later_to_typical": (later[FARTHEST] - np.median(later)) / chance,
        "focus_later_rank": (later[FARTHEST] > later).mean(),
        "focus_chance": np.log(chance / power),
        "focus_texture": np.log(power),
    }
    for lag in (2, 3, 5, 7):
        values |= {f"focus_kept_{lag}": standing[lag - 1] / best, f"focus_kept_near_{lag}": near[lag - 1] / best}
    for name, row in (("focus_sharp", later), ("focus_sharp_1", table[0])):
        beside = (row[FARTHEST - 3] + row[FARTHEST + 3]) / 2
        values[name] = (row[FARTHEST] - beside) / (np.abs(row).max() + EPSILON)
    return {name: float(value) for name, value in values.items()}


def _products(texture: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Weighted mean products of the pattern with itself, (LAGS, SHIFTS), 0 where there are no pairs; and its power."""
    frames, places = texture.shape
    weighted, all_light = texture * weight, float((weight**2).sum()) + EPSILON
    table = np.zeros((len(LAGS), len(SHIFTS)))
    for row, lag in enumerate(LAGS[frames > LAGS]):
        for column, shift in enumerate(SHIFTS):
            if abs(shift) >= places:
                continue
            early = slice(None, frames - lag), slice(max(-shift, 0), places - max(shift, 0))
            late = slice(lag, None), slice(max(shift, 0), places - max(-shift, 0))
            pairs = (weight[early] * weight[late]).sum() + RARE * all_light
            table[row, column] = (weighted[early] * weighted[late]).sum() / pairs
    return table, float((weighted**2).sum()) / all_light + EPSILON


def _by_speed(table: np.ndarray) -> np.ndarray:
    """Mean product along the line that each of SPEEDS draws through the table."""
    means = []
    for speed in SPEEDS:
        lags = LAGS[(np.abs(speed * LAGS) <= FARTHEST) & (LAGS <= LONGEST)]
        found = [np.interp(speed * lag, SHIFTS, table[lag - 1]) for lag in lags]
        means.append(np.sum(found) / (len(found) + 1))
    return np.array(means)


def _lasting(texture: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Whether the mean pattern of half of the frames is that of the other: odd and even ones, early and late ones."""
    passed = np.cumsum(weight, axis=0) / (weight.sum(axis=0) + EPSILON)  # of each place's own time in focus
    odd = np.arange(len(texture))[:, None] % 2 == 1
    first, second, early, late = (
        (texture * weight * part).sum(axis=0) / ((weight * part).sum(axis=0) + 0.3)
        for part in (odd, ~odd, passed <= 0.45, passed > 0.55)
    )
    return {
        "focus_odd_even": _correlation(first, second, 0),
        "focus_odd_even_power": float(np.log(max(np.mean(first * second), 1e-5))),
        "focus_early_late": _correlation(early, late, 0),
        "focus_early_late_near": max(_correlation(early, late, shift) for shift in (-1, 0, 1)),
    }


def _correlation(first: np.ndarray, second: np.ndarray, shift: int) -> float:
    """Of two patterns (places,) with the second moved by some places."""
    size = len(first)
    first, second = first[max(-shift, 0) : size - max(shift, 0)], second[max(shift, 0) : size - max(-shift, 0)]
    first, second = first - first.mean(), second - second.mean()
    return float(first @ second / np.sqrt((first @ first) * (second @ second) + EPSILON))


def _mean(values: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    total = (weight * values).sum(axis=axis, keepdims=True)
    return np.asarray(total / (weight.sum(axis=axis, keepdims=True) + EPSILON))
