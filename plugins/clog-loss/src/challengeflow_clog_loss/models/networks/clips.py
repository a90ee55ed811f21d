"""From a prepared video to a clip: some frames of the region, in one size, brightness free of the gain."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from challengeflow_clog_loss.video import focus
from challengeflow_clog_loss.video.straightened import straighten
from challengeflow_clog_loss.video.surroundings import without_gaps

BRIGHT = 0.95  # the vessel's light is that of this quantile inside the outline
PLASMA, SHARP = 0.8, 3  # of a straightened one: this quantile of the middle, in so many frames before and after focus
DIMMEST = 4.0  # luma above the background that a vessel is taken to have at least
RANGE = (-1.0, 3.0)  # brightness that clips keep; 0 is background, 1 the vessel's light
EDGE = 2  # pixels kept around the mask


@dataclass(frozen=True)
class Clip:
    """`grey` float16 (frames, rows, columns); `mask` float16 (rows, columns): the share of a pixel inside the outline.

    Straightened clips have the rows across the vessel and the columns along it; their mask is 1 where there is vessel.
    """

    grey: np.ndarray
    mask: np.ndarray


def stretches(length: int, frames: int, sampling: str, random: np.random.Generator | None) -> list[np.ndarray]:
    """Which frames clips of `frames` frames take from a video of `length`: one array of frame numbers (frames,) a clip.

    sampling: "centre", successive frames, in training (with `random`) from anywhere, else from the middle, a video
    that is too short being mirrored in time; "pad", as "centre", but -1 (no frame) where the video has ended;
    "uniform", spread over the whole video, which stretches time; "sliding", as "centre", but outside training as many
    clips as cover the video, half a clip apart. Only "uniform" changes how fast cells seem to move.
    """
    if sampling == "uniform":
        return [np.round(np.linspace(0, length - 1, frames)).astype(int)]
    spare = max(length - frames, 0)
    if random is not None:
        starts = [int(random.integers(spare + 1))]
    elif sampling == "sliding":
        starts = sorted({*range(0, spare, max(frames // 2, 1)), spare})
    else:
        starts = [spare // 2]
    places = np.arange(frames)
    if sampling == "pad":
        return [np.where(places + start < length, places + start, -1) for start in starts]
    there_and_back = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return [there_and_back[(places + start) % len(there_and_back)] for start in starts]


def region(arrays: Mapping[str, np.ndarray], size: int, outline: str) -> Clip:
    """All frames of a prepared video (see data.preprocess), the region with its edge centred in `size` x `size` pixels.

    It is shrunk by averaging where it is larger, never enlarged, so that cells keep their size. Outside the region's
    box grey is 0. outline: "channel", or "blank" (grey is 0 outside it, too), or "ignore" (the mask is 1 everywhere).
    """
    inside = arrays["mask"].astype(bool)
    dark, light = _levels(arrays, inside)
    box = _box(inside)
    mask = _fitted(inside[box][None].astype(np.float32), size)[0].astype(np.float16)
    if outline == "ignore":
        mask = np.ones_like(mask)
    grey = (arrays["cube"][(slice(None), *box)].astype(np.float32) - dark) / light
    grey = _fitted(grey.clip(*RANGE), size).astype(np.float16)
    return Clip(grey * mask if outline == "blank" else grey, mask)


def straight(arrays: Mapping[str, np.ndarray], size: int, frames: int) -> Clip:
    """The vessel pulled straight, in space and depth: `size` places, the middle of a longer one, a shorter one padded.

    Each place has the `frames` frames around that of its own focus; those beyond the recording are dark.
    """
    background = without_gaps(arrays["surroundings"])[:, 0]
    light = straighten(arrays["cube"], arrays["mask"].astype(bool), background) - background[:, None, None]
    middle = light.shape[1] // 2
    grey, _ = focus.upright(light, focus.course(light[:, middle - 2 : middle + 3].mean(axis=1)), frames // 2)
    in_focus = grey[max(frames // 2 - SHARP, 0) : frames // 2 + SHARP + 1, middle - 1 : middle + 2]
    grey = grey / max(float(np.quantile(in_focus, PLASMA)), DIMMEST)
    spare = max(grey.shape[2] - size, 0)
    grey = grey[:, :, spare // 2 : spare // 2 + size].clip(*RANGE)
    room = size - grey.shape[2]
    around = ((0, 0), (0, 0), (room // 2, room - room // 2))
    mask = np.pad(np.ones((1, *grey.shape[1:]), np.float16), around)[0]
    return Clip(np.pad(grey, around).astype(np.float16), mask)


def take(video: Clip, numbers: np.ndarray) -> Clip:
    """The frames with these numbers; empty where the number is -1."""
    grey = video.grey[numbers.clip(0)]
    grey[numbers < 0] = 0
    return Clip(grey, video.mask)


def _levels(arrays: Mapping[str, np.ndarray], mask: np.ndarray) -> tuple[float, float]:
    """Luma of dark tissue, and how much brighter the region's vessel is."""
    cube, background = arrays["cube"], arrays["surroundings"][:, 0]
    known = background[np.isfinite(background)]
    dark = float(np.median(known) if len(known) else np.median(cube[:, ~mask] if (~mask).any() else cube))
    return dark, max(float(np.quantile(cube[:, mask], BRIGHT)) - dark, DIMMEST)


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (
        slice(max(int(places.min()) - EDGE, 0), min(int(places.max()) + EDGE + 1, length))
        for places, length in zip(np.nonzero(mask), mask.shape, strict=True)
    )
    return rows, columns


def _fitted(frames: np.ndarray, size: int) -> np.ndarray:
    """Frames (n, rows, columns) float32 in the middle of (n, size, size) float32."""
    import torch

    longest = max(frames.shape[1:])
    if longest > size:
        rows, columns = (max(round(length * size / longest), 1) for length in frames.shape[1:])
        frames = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(frames)[:, None], (rows, columns))[
            :, 0
        ].numpy()
    out = np.zeros((len(frames), size, size), np.float32)
    top, left = (size - frames.shape[1]) // 2, (size - frames.shape[2]) // 2
    out[:, top : top + frames.shape[1], left : left + frames.shape[2]] = frames
    return out
