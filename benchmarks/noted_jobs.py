"""What each job of a run took, noted by a command that stands before `challengeflow` in PATH.

Snakemake's own benchmark files miss what a job does between two looks at it: up to half a minute of a long one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NOTING = """#!{python} -SE
import os, resource, sys
code = os.waitstatus_to_exitcode(os.waitpid(os.spawnv(os.P_NOWAIT, {command!r}, sys.argv), 0)[1])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
line = [str(used.ru_utime + used.ru_stime), str(used.ru_maxrss / 1024), *sys.argv[1:4]]
os.write(os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), ("\\t".join(line) + "\\n").encode())
sys.exit(code)
"""


class Noted(NamedTuple):
    """One job: user and system seconds of its process and all that it started, the largest one's MiB, its first words
    (the stage, and what it is for).
    """

    cpu: float
    peak_mb: float
    stage: str
    target: str
    further: str


def noting(folder: Path, home: Path) -> dict[str, str]:
    """The environment of a run in `folder` whose jobs are noted; home: where the commands are."""
    shim = folder / "bin" / "challengeflow"
    shim.parent.mkdir()
    command, log = str(home / "challengeflow"), str(folder / "jobs.tsv")
    shim.write_text(NOTING.format(python=home / "python", command=command, log=log))
    shim.chmod(0o755)
    path = os.pathsep.join([str(shim.parent), str(home), os.environ["PATH"]])
    return os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}


def noted(folder: Path) -> Iterator[Noted]:
    """The jobs of the run in `folder`."""
    for line in (folder / "jobs.tsv").read_text().splitlines():
        cpu, peak, *words = line.split("\t")
        yield Noted(float(cpu), float(peak), *words)
