"""The verbs of the command that start a run, `init`, `run` and `doctor`: their arguments, and what they call."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add(verbs: Any) -> None:
    """Add the parsers of all of them."""
    init = verbs.add_parser("init", help="write a config.yaml and a .gitignore to start from into this folder")
    init.add_argument("--challenge", nargs="+", default=[], help="those to run; all that are installed without it")
    init.add_argument("--data", metavar="PATH", help="your data for it; its generated demo without it")
    init.add_argument("--models", nargs="+", default=[], help="those to run; those that run by default without it")
    init.set_defaults(run=_init)
    run = verbs.add_parser("run", help="run what the config names, in this folder: Snakemake, safely", epilog=RUN)
    run.add_argument("wanted", nargs="*", metavar="TARGET", help="a challenge or a file; everything without it")
    run.add_argument("--config", default="config.yaml", help="config file")
    run.add_argument("--profile", help="how jobs run: apptainer, conda or slurm, or the folder of a profile of yours")
    run.add_argument("--dry-run", action="store_true", help="say what would run, and what it will take; run nothing")
    run.set_defaults(run=_run)
    doctor = verbs.add_parser(
        "doctor", help="what is installed, what is missing, whether this machine can run the config"
    )
    doctor.add_argument("--config", default="config.yaml", help="config file")
    doctor.set_defaults(run=_doctor)


RUN = "What follows `--` is handed on to snakemake as it is: challengeflow run mood -- --cores 4 --keep-going"


def _init(options: argparse.Namespace) -> None:
    from challengeflow.launching.init import init
    from challengeflow.planning.plugins import registry

    init(Path.cwd(), registry(), options.challenge, options.data, options.models)
    print("wrote config.yaml; look at it, then: challengeflow run")


def _run(options: argparse.Namespace) -> None:
    from challengeflow.launching import run

    if options.config == "config.yaml" and _bare(Path.cwd()):
        _init(argparse.Namespace(challenge=[], data=None, models=[]))
    wanted = run.Wanted.of(options.config, options.wanted, options.profile)
    if options.dry_run:
        sys.exit(run.dry_run(wanted))
    run.become_snakemake(wanted)


def _doctor(options: argparse.Namespace) -> None:
    from challengeflow.launching.doctor import examine, examine_config
    from challengeflow.planning.plugins import registry

    for line in examine(Path.cwd(), registry()):
        print(line, flush=True)
    for line in examine_config(options.config):
        print(line, flush=True)


def _bare(folder: Path) -> bool:
    """Whether there is nothing in a folder but what is hidden (a virtual environment, say)."""
    return all(path.name.startswith(".") for path in folder.iterdir())
