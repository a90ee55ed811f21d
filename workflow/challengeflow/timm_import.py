"""timm, imported so that it works beside a PyTorch without CUDA too."""

from types import ModuleType
from typing import Any

from challengeflow.contract.errors import InputError


def timm(model: str, package: str) -> ModuleType:
    """The package timm. InputError, with the extra of `package` that brings it for `model`, where it is missing.

    timm imports torchvision, whose wheel from PyPI cannot load its compiled operators beside a PyTorch without CUDA,
    and then fails at declaring what they do. Declared here, without an implementation, they let the import pass; no
    backbone uses them.
    """
    try:
        import torch

        _declare_operators(torch)
        import timm
    except ImportError:
        raise InputError(
            f"the model {model} needs timm, which is not installed; install the plugin with it: pip install '{package}'"
        ) from None
    return timm


def _declare_operators(torch: ModuleType) -> None:
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("torchvision")
    if spec is None or not spec.origin or hasattr(torch.ops.torchvision, "nms"):
        return
    library = next(Path(spec.origin).parent.glob("_C*"), None)
    try:
        torch.ops.load_library(str(library))
    except OSError:
        operators = torch.library.Library("torchvision", "DEF")
        operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(operators)


_kept: list[Any] = []  # a library's operators vanish with it
