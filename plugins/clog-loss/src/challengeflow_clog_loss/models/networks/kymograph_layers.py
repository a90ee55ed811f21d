"""A 2D network over time and place along the vessel: moving cells draw slanted lines, standing ones upright lines."""

import torch
from torch import nn
from torch.nn import functional as F

LEVEL = (7, 13)  # frames and places over which the vessel's own light is averaged
DIM = 0.15  # of the vessel's light: what is darker is not enlarged any more
STRONGEST = 1.5


class KymographNet(nn.Module):
    """Straightened clips (B, 2, T, across, places) -> logits (B,). The rows across the vessel are channels."""

    def __init__(self, across: int, width: int, dropout: float):
        super().__init__()
        widths = (across + 2, width, width, 2 * width, 2 * width, 4 * width)
        strides = ((1, 2), (2, 1), (1, 1), (2, 2), (1, 1))
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip(widths, widths[1:], strides, strict=False):
            size = 5 if inputs == across + 2 else 3
            layers += [
                nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*layers)
        self.where = nn.Conv2d(widths[-1], 1, 1)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * widths[-1], 1))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third less time on a CPU

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        found = self.layers(texture(clips))
        weight = torch.softmax(self.where(found).flatten(2), dim=2)  # where the vessel is to be seen
        looked_at = (found.flatten(2) * weight).sum(dim=2)
        return self.head(torch.cat([looked_at, found.mean(dim=(2, 3))], dim=1))[:, 0]


def texture(clips: torch.Tensor) -> torch.Tensor:
    """Clips (B, 2, T, across, places) -> (B, across + 2, T, places).

    Channels: each row's departure from its own light, the middle row's light, the mask. What brightens or dims the
    whole vessel at once (focus, laser, a shift of the frame) is no cell, and taken away.
    """
    grey, mask = clips[:, 0].transpose(1, 2), clips[:, 1, :, :1].transpose(1, 2)
    grey = grey * mask
    seen = _mean(mask.expand_as(grey[:, :1]).contiguous()).clamp(min=1e-3)
    light = _mean(grey) / seen
    departure = ((grey - light) / light.clamp(min=DIM)).clamp(-STRONGEST, STRONGEST) * mask
    whole = departure.sum(dim=3, keepdim=True) / mask.sum(dim=3, keepdim=True).clamp(min=1)
    middle = light[:, light.shape[1] // 2 :][:, :1]
    return torch.cat([(departure - whole) * mask, middle, mask], dim=1)


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Mean over `LEVEL` frames and places around each point of (B, rows, T, places)."""
    for kernel in ((LEVEL[0], 1), (1, LEVEL[1])):
        padding = tuple(length // 2 for length in kernel)
        values = F.avg_pool2d(values, kernel, stride=1, padding=padding, count_include_pad=False)
    return values
