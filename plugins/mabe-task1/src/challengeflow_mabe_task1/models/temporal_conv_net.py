"""The network of temporal-conv: dilated residual convolutions over time, in stages, each refining the one before.

After Farha & Gall (2019), MS-TCN: Multi-Stage Temporal Convolutional Network for Action Segmentation (CVPR).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over channels at each step: no step sees another, unlike with a norm over time."""

    def forward(self, x: Tensor) -> Tensor:  # (B, C, S)
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Layer(nn.Module):
    """x + convolution over three steps that lie `dilation` apart; borders are repeated, not padded with zeros."""

    def __init__(self, channels: int, dilation: int, dropout: float, causal: bool):
        super().__init__()
        self.padding = (2 * dilation, 0) if causal else (dilation, dilation)
        self.norm = ChannelNorm(channels)
        self.over_time = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, S)
        y = F.pad(self.norm(x), self.padding, mode="replicate")
        return x + self.dropout(self.mix(F.gelu(self.over_time(y))))


class TemporalConvNet(nn.Module):
    """Inputs (B, F, S) -> class logits (B, K, S) of every stage, the last one first in importance and last in the list.

    `trunk`: inputs to states (B, `width`, S), which `head` answers from.
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        *,
        channels: int,
        layers: int,
        stages: int,
        dropout: float,
        input_dropout: float,
        causal: bool,
    ):
        super().__init__()
        self.width = channels
        self.input_dropout = nn.Dropout1d(input_dropout)  # whole features, so that no single one is relied on
        self.trunk = _stage(inputs, channels, layers, dropout, causal)
        self.head = nn.Conv1d(channels, classes, 1)
        self.refinements = nn.ModuleList(
            nn.Sequential(_stage(classes, channels, layers, dropout, causal), nn.Conv1d(channels, classes, 1))
            for _ in range(stages - 1)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        logits = [self.head(self.trunk(self.input_dropout(x)))]
        for refinement in self.refinements:
            logits.append(refinement(torch.softmax(logits[-1], dim=1)))
        return logits


def _stage(inputs: int, channels: int, layers: int, dropout: float, causal: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, channels, 1), *(Layer(channels, 2**layer, dropout, causal) for layer in range(layers))
    )
