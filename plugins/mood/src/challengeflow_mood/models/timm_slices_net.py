"""The network of timm-slices: an encoder of timm on slices, its resolutions added up again, and a head for the slice.

After feature pyramids (Lin et al. 2017, arXiv 1612.03144). Weights are random: nothing is ever downloaded.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from challengeflow.timm_import import timm

INPUTS = 8  # of the slice what `network_model.seen` tells; grey of the ones before and after it; its height
RESOLUTIONS = 4


class TimmSlices(nn.Module):
    """Inputs (B, K, 8, H, W) of K slices a case -> voxel logits (B, K, H, W) and case logits (B,): the highest of the
    slices.
    """

    def __init__(self, *, encoder: str, channels: int):
        super().__init__()
        self.encoder = timm("timm-slices", "challengeflow-mood[timm]").create_model(
            encoder, pretrained=False, features_only=True, in_chans=INPUTS, out_indices=range(RESOLUTIONS)
        )
        widths = self.encoder.feature_info.channels()
        self.narrow = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in widths)
        self.full = nn.Conv2d(INPUTS, channels, 3, padding=1)
        self.voxels = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.GELU(), nn.Conv2d(channels, 1, 1))
        self.slice = nn.Linear(widths[-1] + 1, 1)

    def forward(self, x: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        batch, slices = x.shape[:2]
        x = x.flatten(0, 1)
        features = self.encoder(x)
        joined = self.narrow[-1](features[-1])
        for level in reversed(range(RESOLUTIONS)):  # from coarse to fine, and at last to the slice itself
            finer = self.narrow[level - 1](features[level - 1]) if level else self.full(x)
            joined = F.interpolate(F.gelu(self.smooth[level](joined)), size=finer.shape[-2:], mode="nearest") + finer
        voxels = self.voxels(joined)[:, 0]
        pooled = torch.cat([features[-1].mean(dim=(2, 3)), voxels.amax(dim=(1, 2))[:, None]], dim=1)
        odds = self.slice(pooled)[:, 0].reshape(batch, slices)
        return voxels.reshape(batch, slices, *voxels.shape[1:]), odds.amax(dim=1)
