"""DenseNet with three-dimensional convolutions, named as torchvision's 2D one, so that its weights can be put in."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

BOTTLENECK = 4  # a layer's inner channels, in growths
START = 64  # channels of the first convolution


class DenseNet3d(nn.Module):
    """Clips (B, 2, T, S, S) -> logits (B,). blocks: layers of each; (6, 12, 24, 16) with growth 32 is DenseNet-121.

    After Huang et al. 2017 (arXiv 1608.06993), in 3D as in the winning entry (Solovyev et al. 2021, arXiv 2104.01687);
    time is not halved by the first convolution, since clips are shorter than wide.
    """

    def __init__(self, blocks: Sequence[int], growth: int, dropout: float):
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv3d(2, START, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            norm0=nn.BatchNorm3d(START),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool3d(3, stride=2, padding=1),
        )
        channels = START
        for number, count in enumerate(blocks, 1):
            layers[f"denseblock{number}"] = nn.Sequential(
                OrderedDict(
                    (f"denselayer{place + 1}", DenseLayer(channels + place * growth, growth)) for place in range(count)
                )
            )
            channels += count * growth
            if number < len(blocks):
                layers[f"transition{number}"] = _transition(channels)
                channels //= 2
        layers["norm5"] = nn.BatchNorm3d(channels)
        self.features = nn.Sequential(layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, 1))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.features(clips)).mean(dim=(2, 3, 4)))[:, 0]


class DenseLayer(nn.Sequential):
    """Its inputs, and `growth` new channels found in all of them."""

    def __init__(self, inputs: int, growth: int):
        inner = BOTTLENECK * growth
        super().__init__(
            OrderedDict(
                norm1=nn.BatchNorm3d(inputs),
                relu1=nn.ReLU(inplace=True),
                conv1=nn.Conv3d(inputs, inner, 1, bias=False),
                norm2=nn.BatchNorm3d(inner),
                relu2=nn.ReLU(inplace=True),
                conv2=nn.Conv3d(inner, growth, 3, padding=1, bias=False),
            )
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([inputs, super().forward(inputs)], dim=1)


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm3d(channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv3d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool3d(2, ceil_mode=True),
        )
    )
