"""Any 2D network of timm over groups of successive frames, with what it finds pooled, or also shifted, over time."""

import torch
from torch import nn

from challengeflow.timm_import import timm

SHIFTED = 8  # one channel in so many is moved to the next group, one to the group before
HIDDEN = 128


class TimmTemporal(nn.Module):
    """Clips (B, 2, T, S, S) -> logits (B,). Each group of frames, with the mask as one more channel, is a picture.

    shift: between the backbone's stages some channels move one group on and some one back (Lin et al. 2019, TSM,
    arXiv 1811.08383), so that the 2D convolutions see motion across groups.
    """

    def __init__(self, backbone: str, group: int, step: int, shift: bool, dropout: float):
        super().__init__()
        self.group, self.step = group, step
        self.backbone = timm("timm-temporal", "challengeflow-clog-loss[timm]").create_model(
            backbone, pretrained=False, in_chans=group + 1, num_classes=0, global_pool="avg"
        )
        self.groups = 1
        if shift:
            for stage in self.backbone.feature_info[:-1]:
                self.backbone.get_submodule(stage["module"]).register_forward_hook(self._shifted)
        features = self.backbone.head_hidden_size
        self.over_time = nn.Sequential(
            nn.Conv1d(features, HIDDEN, 3, padding=1, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * HIDDEN, 1))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        grey, mask = clips[:, 0], clips[:, 1, :1]
        groups = grey.unfold(1, self.group, self.step).movedim(-1, 2)  # (B, G, group, S, S)
        pictures = torch.cat([groups, mask[:, None].expand(-1, groups.shape[1], -1, -1, -1)], dim=2)
        self.groups = groups.shape[1]
        found = self.backbone(pictures.flatten(0, 1)).unflatten(0, groups.shape[:2])  # (B, G, F)
        found = self.over_time(found.transpose(1, 2))
        return self.head(torch.cat([found.mean(dim=2), found.amax(dim=2)], dim=1))[:, 0]

    def _shifted(self, module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        return shifted(output.unflatten(0, (-1, self.groups))).flatten(0, 1)


def shifted(found: torch.Tensor) -> torch.Tensor:
    """Features (B, G, C, ...): the first eighth of the channels from the next group, the second from the one before."""
    share = found.shape[2] // SHIFTED
    empty = torch.zeros_like(found[:, :1])
    later, earlier = torch.cat([found[:, 1:], empty], dim=1), torch.cat([empty, found[:, :-1]], dim=1)
    return torch.cat([later[:, :, :share], earlier[:, :, share : 2 * share], found[:, :, 2 * share :]], dim=2)
