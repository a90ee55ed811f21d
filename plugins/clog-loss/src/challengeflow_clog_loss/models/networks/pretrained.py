"""A 2D network's weights from a local file, put into one with other inputs or with time. Nothing is downloaded."""

from pathlib import Path
from typing import Any

import torch

from challengeflow import InputError


def read(path: str) -> dict[str, torch.Tensor]:
    """Name -> weights of a PyTorch file (.pth, .pt; tensors only, no other pickled thing) or a .safetensors file."""
    file = Path(path)
    if not file.is_file():
        raise InputError(f"pretrained: there is no file {file}; name a local file of weights, for none is downloaded")
    kept: Any
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            kept = load_file(file)
        else:
            kept = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, pickle and zip each raise their own
        raise InputError(
            f"pretrained: {file} cannot be read as weights ({type(error).__name__}); save it as a state_dict"
        ) from None
    kept = kept.get("state_dict", kept.get("model", kept)) if isinstance(kept, dict) else kept
    if not isinstance(kept, dict) or not all(isinstance(value, torch.Tensor) for value in kept.values()):
        raise InputError(f"pretrained: {file} holds no state_dict (name -> tensor); save one with torch.save")
    return {name.removeprefix("module."): value for name, value in kept.items()}


def put_into(net: torch.nn.Module, path: str) -> None:
    """Copy the weights of a file that have the name of one of `net`, fitted to it; InputError if fewer than half do.

    A network's backbone may be known by its own names (those of timm) alone.
    """
    weights, own = read(path), net.state_dict()
    if not weights.keys() & own.keys():
        weights = {f"backbone.{name}": value for name, value in weights.items()}
    found = {name: fitted for name, value in own.items() if (fitted := _fitted(weights.get(name), value)) is not None}
    if 2 * len(found) < len(own):
        raise InputError(
            f"pretrained: {path} holds {len(found)} of the network's {len(own)} weights; "
            "name weights of the same network"
        )
    net.load_state_dict(own | found)


def _fitted(value: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor | None:
    """A weight in the shape of `like`; None where it has none to offer.

    A 2D kernel becomes a 3D one that gives the same answer to a still clip (Carreira and Zisserman 2017, arXiv
    1705.07750): copied along time and divided by its length. Input channels become the mean of all.
    """
    if value is None or value.shape == like.shape:
        return value
    if like.ndim == 5 and value.ndim == 4:
        value = value[:, :, None].expand(-1, -1, like.shape[2], -1, -1) / like.shape[2]
    if value.ndim == like.ndim and value.ndim > 3 and value.shape[1] != like.shape[1]:
        total = value.sum(dim=1, keepdim=True)
        value = total.expand(-1, like.shape[1], *[-1] * (value.ndim - 2)) / like.shape[1]
    return value if value.shape == like.shape else None
