"""The network of unet3d: a residual 3D U-Net with a head for the whole case.

After the winner of 2021 (Cho et al., 10.1007/978-3-030-97281-3_15): instance norm, a classifier beside the
segmentation, and, where a volume goes through in patches, the patch's position. The winner feeds the position as 27
one-hot channels; a vector per position added after the first convolution is the same map, at no cost.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MOST_CHANNELS = 320
INPUTS = 8  # what `network_model.seen` tells, and three coordinates


class UNet3d(nn.Module):
    """Inputs (B, 8, P, P, P), places (B,) -> voxel logits (B, P, P, P) and case logits (B,). P is a multiple of stem *
    2^(levels - 1).

    stem: voxels a side that the first convolution takes together (1: none; 2: an eighth of the memory and work).
    """

    def __init__(self, *, channels: int, levels: int, stem: int, places: int):
        super().__init__()
        widths = [min(channels * 2**level, MOST_CHANNELS) for level in range(levels)]
        self.stem = nn.Conv3d(INPUTS, widths[0], 3 if stem == 1 else stem, stem, padding=1 if stem == 1 else 0)
        self.place = nn.Embedding(places, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv3d(before, after, 2, 2) if before else nn.Identity(), _Block(after))
            for before, after in zip([0, *widths[:-1]], widths, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv3d(below, above, 1) for above, below in itertools.pairwise(widths))
        self.join = nn.ModuleList(nn.Sequential(nn.Conv3d(2 * w, w, 1), _Block(w)) for w in widths[:-1])
        self.voxels = nn.Conv3d(widths[0], stem**3, 1)
        self.case = nn.Linear(2 * widths[-1] + 1, 1)
        self.factor = stem

    def forward(self, x: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x) + self.place(place)[:, :, None, None, None]
        kept = []
        for step in self.down:
            x = step(x)
            kept.append(x)
        deepest = kept.pop()
        for level in reversed(range(len(kept))):
            x = F.interpolate(self.narrow[level](x), scale_factor=2.0, mode="nearest")
            x = self.join[level](torch.cat([x, kept[level]], dim=1))
        voxels = _spread(self.voxels(x), self.factor)
        pooled = [deepest.mean(dim=(2, 3, 4)), deepest.amax(dim=(2, 3, 4)), voxels.amax(dim=(1, 2, 3))[:, None]]
        return voxels, self.case(torch.cat(pooled, dim=1))[:, 0]


class _Block(nn.Module):
    """Two convolutions with instance norm around a shortcut."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv3d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv3d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.InstanceNorm3d(channels, affine=True) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        inner = F.leaky_relu(self.norms[0](self.first(x)), 0.01)
        return F.leaky_relu(x + self.norms[1](self.second(inner)), 0.01)


def _spread(x: Tensor, factor: int) -> Tensor:
    """(B, factor^3, P, P, P) -> (B, factor P, factor P, factor P): each voxel's channels become its small voxels."""
    batch, _, *sides = x.shape
    x = x.reshape(batch, factor, factor, factor, *sides).permute(0, 4, 1, 5, 2, 6, 3)
    return x.reshape(batch, *(factor * side for side in sides))
