"""The verbs of the command that start a run, from `init` to `doctor`: their arguments, and what they call."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def add(verbs: Any) -> None:
    """Add the parsers of all of them."""
    init = verbs.add_parser("init", help="write a config.yaml and a .gitignore to start from into this folder")
    init.add_argument("--challenge", nargs="+", default=[], help="those to run; all that are installed without it")
    init.add_argument("--data", metavar="PATH", help="your data for it; its generated demo without it")
    init.add_argument("--models", nargs="+", default=[], help="those to run; those that run by default without it")
    init.set_defaults(run=_init)
    look = verbs.add_parser("inspect", help="what a challenge understands of your data: every sample, every file")
    look.add_argument("challenge", metavar="CHALLENGE", help="its name")
    look.add_argument("path", type=Path, metavar="PATH", help="a folder, or one file")
    look.add_argument("--config", help="the config whose parameters hold; the defaults without it")
    look.add_argument("--json", action="store_true", help="for programs")
    look.set_defaults(run=_inspect)
    validate = verbs.add_parser("validate", help="check a config, the plugins it needs and the data it names")
    validate.add_argument("--config", default="config.yaml", help="config file")
    validate.set_defaults(run=_validate)
    run = verbs.add_parser("run", help="run what the config names, in this folder: Snakemake, safely", epilog=RUN)
    run.add_argument("wanted", nargs="*", metavar="TARGET", help="a challenge or a file; everything without it")
    run.add_argument("--config", default="config.yaml", help="config file")
    run.add_argument("--profile", help="how jobs run: apptainer, conda or slurm, or the folder of a profile of yours")
    run.add_argument("--dry-run", action="store_true", help="say what would run, and what it will take; run nothing")
    run.set_defaults(run=_run)
    answer = verbs.add_parser("answer", help="answer a folder of new data with a trained model", epilog=ANSWER)
    answer.add_argument("model", metavar="MODEL", help="an installed model, or the file of a model package")
    answer.add_argument("folder", metavar="FOLDER", help="the data to answer, as the challenge's README has them")
    answer.add_argument("--to", metavar="DIR", help="folder for the answers; FOLDER-answers here without it")
    answer.add_argument("--profile", help="how jobs run: as of `run`")
    answer.add_argument("--dry-run", action="store_true", help="say what would run, and what it will take; run nothing")
    answer.set_defaults(run=_answer)
    doctor = verbs.add_parser(
        "doctor", help="what is installed, what is missing, whether this machine can run the config"
    )
    doctor.add_argument("--config", default="config.yaml", help="config file")
    doctor.set_defaults(run=_doctor)


def parted(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """A command line, and what follows `--` in it, where it is for snakemake: argparse would take it for its own."""
    if arguments[:1] in (["run"], ["answer"], ["verify"]) and "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], arguments[at + 1 :]
    return arguments, ()


RUN = "What follows `--` is handed on to snakemake as it is: challengeflow run mood -- --cores 4 --keep-going"


ANSWER = "What follows `--` is handed on to snakemake as it is: challengeflow answer MODEL FOLDER -- --cores 4"


def _init(options: argparse.Namespace) -> None:
    from challengeflow.launching.init import init
    from challengeflow.planning.plugins import registry

    init(Path.cwd(), registry(), options.challenge, options.data, options.models)
    if options.data:
        from challengeflow.launching.validate import look_at

        print(*look_at(registry(), (options.challenge or sorted(registry().challenges))[0], options.data), sep="\n")
    print("wrote config.yaml; look at it, then: challengeflow run")


def _inspect(options: argparse.Namespace) -> None:
    from challengeflow.launching.validate import dataset_of
    from challengeflow.planning.plugins import registry
    from challengeflow.reporting import inspect_source as source

    dataset = dataset_of(options.config, options.challenge, options.path) if options.config else None
    rows = source.inspect_source(registry(), options.challenge, options.path, dataset)
    if options.json:
        print(source.as_json(options.challenge, options.path, rows))
    else:
        print(*source.table(rows), *source.summary(rows), sep="\n")
    sys.exit(1 if source.wanting(rows) else 0)


def _validate(options: argparse.Namespace) -> None:
    from challengeflow.launching.validate import validate

    validate(options.config)


def _run(options: argparse.Namespace) -> None:
    from challengeflow.launching import run

    if options.config == "config.yaml" and _bare(Path.cwd()):
        _init(argparse.Namespace(challenge=[], data=None, models=[]))
    wanted = run.Wanted.of(options.config, [*options.wanted, *options.behind], options.profile)
    if options.dry_run:
        sys.exit(run.dry_run(wanted))
    run.become_snakemake(wanted)


def _answer(options: argparse.Namespace) -> None:
    from challengeflow.launching import answer, run
    from challengeflow.models.shelf import find
    from challengeflow.planning.plugins import registry

    folder, package = Path(options.folder).expanduser(), find(options.model)
    to = Path(options.to) if options.to else Path(f"{folder.resolve().name}-answers")
    config = answer.checked(package, folder, registry(), here=not options.profile)
    for sentence in answer.fits(package, config, registry()):
        print(sentence, flush=True)
    answer.write(config, to, package)
    print(f"to set something for these data: edit {to / answer.CONFIG}, then `challengeflow run` in {to}", flush=True)
    os.chdir(to)
    wanted = run.Wanted.of(answer.CONFIG, options.behind, options.profile)
    if options.dry_run:
        sys.exit(run.dry_run(wanted))
    prepared = answer.prepared(wanted.jobs)
    first = prepared if any(job.stage == "preprocess" for job in wanted.left) else ()
    run.become_snakemake(wanted, first, lambda: answer.tell_unlike(package, prepared, registry()))


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
