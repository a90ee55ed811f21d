"""What this machine has: memory, cores, free disk, a GPU, programs that run containers and make environments."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONTAINERS = ("apptainer", "singularity", "podman", "docker")
ENVIRONMENTS = ("conda", "mamba")
# Control groups, version 2 and 1, bound what a container or a batch job may take of the machine.
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Machine:
    """memory_mb: MiB that processes may take together; disk_mb: MiB free where results go; gpus: name and memory of
    each."""

    cores: int
    memory_mb: int
    disk_mb: int
    gpus: tuple[str, ...]


def machine(folder: Path) -> Machine:
    """This machine, as a run in `folder` finds it."""
    return Machine(cores(), memory_mb(), shutil.disk_usage(_existing(folder)).free >> 20, gpus())


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int:
    """All memory in MiB, within the limit of the control group."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for file in MEMORY_LIMITS:
        try:
            found = min(found, int(Path(file).read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return found >> 20


def gpus() -> tuple[str, ...]:
    """NVIDIA GPUs by name and memory, as nvidia-smi lists them."""
    try:
        command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line.strip() for line in said.stdout.splitlines() if line.strip()) if said.returncode == 0 else ()


def programs(names: tuple[str, ...]) -> list[str]:
    """Those of the programs that are on the path."""
    return [name for name in names if shutil.which(name)]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return folder if folder.exists() else _existing(folder.absolute().parent)
