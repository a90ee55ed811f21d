"""`challengeflow run`: a thin door to Snakemake's own command line. It becomes Snakemake, so signals and exit status are that one's."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.launching import one_run
from challengeflow.launching.shipped import shipped, shipped_names

ELSEWHERE = ("-d", "--directory")


def command(config: str, wanted: Sequence[str], profile: str | None = None) -> list[str]:
    """The arguments of `snakemake`; wanted: targets and options of its own, which come last, so that they decide.

    Raises InputError for a profile that is not there, and for another working directory.
    """
    if any(option.partition("=")[0] in ELSEWHERE for option in wanted):
        raise InputError("`challengeflow run` runs in the folder it is started in; change into the one you mean")
    chosen = ["--profile", _profile(profile)] if profile else []
    # --configfile takes any number of words; an option after it ends them.
    return [*chosen, "--configfile", config, "--snakefile", str(shipped() / "Snakefile"), *wanted]


def _profile(name: str) -> str:
    """The path of a profile: a folder of one's own, or one that ships."""
    if os.path.exists(name):
        return name
    ours = shipped() / "profiles" / name
    if not ours.is_dir():
        known = ", ".join(shipped_names("profiles"))
        raise InputError(f"there is no profile {name!r}; give the path of one, or one of {known}")
    return str(ours)


def become_snakemake(arguments: Sequence[str], results: Path) -> None:
    """Start the run in this folder: alone, after what an earlier one left behind is cleared; does not return.

    Raises InputError where a run is alive here, or where that cannot be told.
    """
    from challengeflow.launching.orphans import wait_for_orphans

    check_snakemake()
    folder = Path.cwd()
    proven = one_run.take(folder)
    wait_for_orphans(folder, results)
    one_run.clear_stale(folder, proven)
    one_run.note_run(folder)
    print(f"+ {shlex.join(['snakemake', *arguments])}", file=sys.stderr, flush=True)
    os.execve(sys.executable, [sys.executable, "-m", "snakemake", *arguments], environment(folder))


def dry_run(arguments: Sequence[str]) -> int:
    """Let Snakemake say which jobs a run would do; its exit status."""
    said = [sys.executable, "-m", "snakemake", *arguments, "--dry-run", "--quiet", "rules", "progress"]
    return subprocess.run(said, env=environment(Path.cwd())).returncode


def environment(folder: Path) -> dict[str, str]:
    """Of Snakemake and its jobs: they find the command `challengeflow` of this environment, activated or not."""
    here = str(Path(sys.executable).parent)
    found = shutil.which("challengeflow")
    ours = found is not None and str(Path(found).parent) == here
    path = os.environ.get("PATH", "") if ours else os.pathsep.join([here, os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, one_run.MARK: str(folder)}


def check_snakemake() -> None:
    """Raise InputError where Snakemake is not installed."""
    if find_spec("snakemake") is None:
        raise InputError("Snakemake is not installed here; pip install 'challengeflow[workflow]'")
