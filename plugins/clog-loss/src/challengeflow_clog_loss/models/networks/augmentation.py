"""Other clips of the same label: each change is drawn once a clip and made to all its frames alike.

Draws (numpy, on the CPU) are apart from what is done with them (torch, on any device), so that a training repeats.
"""

from dataclasses import dataclass

import numpy as np
import torch

SHIFT = 3  # pixels either way
GAMMA = (0.75, 1.35)
NOISE = 0.15  # largest standard deviation, of the vessel's light
DROPPED = 0.1  # largest share of the frames that repeat the one before


@dataclass(frozen=True)
class Change:
    """How a clip is changed. flips: time, rows, columns; turns: quarters; shift: rows, columns; dropped: frames."""

    flips: tuple[bool, bool, bool]
    turns: int
    shift: tuple[int, int]
    gamma: float
    noise: float
    dropped: tuple[int, ...]
    seed: int


NONE = Change((False, False, False), 0, (0, 0), 1.0, 0.0, (), 0)


def draw(random: np.random.Generator, frames: int) -> Change:
    """The change of one clip of `frames` frames."""
    dropped = np.flatnonzero(random.random(frames) < random.uniform(0, DROPPED))
    time, upright, across = (bool(flip) for flip in random.random(3) < 0.5)
    turns = int(random.integers(4))
    down, right = (int(way) for way in random.integers(-SHIFT, SHIFT + 1, 2))
    return Change(
        flips=(time, upright, across),
        turns=turns,
        shift=(down, right),
        gamma=float(np.exp(random.uniform(*np.log(GAMMA)))),
        noise=float(random.uniform(0, NOISE)),
        dropped=tuple(int(frame) for frame in dropped if frame > 0),
        seed=int(random.integers(2**31)),
    )


def changed(clip: torch.Tensor, change: Change) -> torch.Tensor:
    """A changed copy of a clip (2, T, rows, columns): grey and mask are moved and flipped, grey alone gets brighter.

    A straightened clip, which is not square, is not turned, and moved along the vessel alone.
    """
    order = list(range(clip.shape[1]))
    for frame in change.dropped:
        order[frame] = order[frame - 1]
    clip = clip[:, order]
    square = clip.shape[2] == clip.shape[3]
    clip = torch.roll(clip, change.shift if square else (0, change.shift[1]), (2, 3))
    clip = torch.rot90(clip, change.turns if square else 0, (2, 3))
    clip = flipped(clip, change.flips)
    grey, mask = clip
    grey = torch.sign(grey) * grey.abs() ** change.gamma
    random = torch.Generator(device=clip.device).manual_seed(change.seed)
    grey = grey + change.noise * torch.randn(grey.shape, generator=random, device=clip.device)
    return torch.stack([grey, mask])


def flipped(clips: torch.Tensor, flips: tuple[bool, bool, bool]) -> torch.Tensor:
    """Clips (..., T, S, S) with time, rows or columns turned round."""
    axes = [axis for axis, flip in zip((-3, -2, -1), flips, strict=True) if flip]
    return torch.flip(clips, axes) if axes else clips
