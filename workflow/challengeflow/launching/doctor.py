"""`challengeflow doctor`: what is installed, what is missing and how to get it, and whether this machine can run the
config."""

import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from challengeflow import __version__
from challengeflow.launching.extras import extras
from challengeflow.launching.machine import CONTAINERS, ENVIRONMENTS, machine, programs
from challengeflow.planning.plugins import Registry
from challengeflow.planning.shipped import shipped

WIDTH = 12
CAN_USE_A_GPU = "import torch; print(torch.version.cuda or '')"


def examine(folder: Path, registry: Registry) -> Iterator[str]:
    """One line after the other: versions, plugins, optional parts, the machine."""
    yield _line("installed", f"challengeflow {__version__}, Python {platform.python_version()}, in {sys.prefix}")
    yield _line("workflow", str(shipped() / "Snakefile"))
    yield _line("snakemake", _version("snakemake") or "missing: pip install 'challengeflow[workflow]'")
    for name, distribution in sorted(registry.distribution.items()):
        yield _line("plugin", f"{name} ({distribution})")
    for broken in registry.broken:
        yield _line("broken", f"plugin {broken.name}: {broken.reason}")
    for extra in extras(registry):
        state = f"missing ({', '.join(extra.missing)}): {extra.command}" if extra.missing else "installed"
        yield _line("optional", f"{extra} {state}")
    here = machine(folder)
    yield _line(
        "machine",
        f"{here.cores} cores, {here.memory_mb / 1024:.1f} GiB memory, {here.disk_mb / 1024:.0f} GiB free here",
    )
    yield from (_line("GPU", gpu) for gpu in here.gpus or ("none",))
    if here.gpus:
        yield _line("PyTorch", _pytorch())
    yield _line("containers", ", ".join(programs(CONTAINERS)) or "none of " + ", ".join(CONTAINERS))
    yield _line("envs", ", ".join(programs(ENVIRONMENTS)) or "none of " + ", ".join(ENVIRONMENTS))


def examine_config(config: str) -> Iterator[str]:
    """Whether this machine can run a config, and if not, why; nothing of a config.yaml that is not there."""
    from challengeflow.launching.run import Wanted

    if not Path(config).exists() and config == "config.yaml":
        yield _line("config", "there is no config.yaml here; challengeflow init writes one")
        return
    wanted = Wanted.of(config, (), None)
    largest = max((job.resources.mem_mb for job in wanted.jobs), default=0)
    yield _line(
        "config",
        f"{config}: {len(wanted.left)} of {len(wanted.jobs)} jobs are left; one takes up to {largest / 1024:.1f} GiB",
    )
    missing = wanted.shortcomings()
    yield from (_line("cannot run", sentence) for sentence in missing)
    if not missing:
        yield _line("can run", "what is left of it fits on this machine")


def _line(what: str, found: str) -> str:
    return f"{what:<{WIDTH}}{found}"


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pytorch() -> str:
    """Whether the installed PyTorch is made for the GPU: it is asked in a process of its own, for the seconds it
    takes."""
    if importlib.util.find_spec("torch") is None:
        return "not installed, so no model uses the GPU"
    said = subprocess.run([sys.executable, "-c", CAN_USE_A_GPU], capture_output=True, text=True)
    cuda = said.stdout.strip()
    version = _version("torch")
    if cuda:
        return f"{version}, for CUDA {cuda}; with `device: cuda` in the config models use the GPU"
    return f"{version} is made for CPUs alone; https://pytorch.org/get-started says how to install one for the GPU"
