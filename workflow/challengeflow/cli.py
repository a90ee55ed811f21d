"""The command `challengeflow`: one verb a stage, and a few that show and check; plugins may bring more.

    challengeflow init [--challenge NAME...] [--data PATH] [--models NAME...]
    challengeflow run [TARGET...] [--config FILE] [--profile NAME] [--dry-run] [-- SNAKEMAKE OPTIONS]
    challengeflow answer MODEL FOLDER [--to DIR] [-- SNAKEMAKE OPTIONS]
    challengeflow model export CHALLENGE/DATASET/VARIANT | install FILE | list | show NAME | remove NAME
    challengeflow doctor [--config FILE]
    challengeflow plugins [--json]
    challengeflow describe mood
    challengeflow inspect mood PATH [--config FILE] [--json]
    challengeflow validate [--config FILE]
    challengeflow download clog-loss/nano index|archive:NAME|SHARD
    challengeflow preprocess clog-loss/nano SHARD
    challengeflow train clog-loss/nano MODEL FOLD|all
    challengeflow predict clog-loss/nano MODEL SHARD [--on DATASET]
    challengeflow control clog-loss/nano CONTROL
    challengeflow score clog-loss/nano MODEL
    challengeflow draw clog-loss/nano MODEL
    challengeflow package clog-loss SUBMISSION NAME
    challengeflow leaderboard [--config FILE]
    challengeflow status [--config FILE] [--watch]
    challengeflow compare A B [--results RESULTS]
    challengeflow report [--config FILE]
    challengeflow export RESULTS/CHALLENGE/submissions/KIND/NAME [--to FILE] [--models]
    challengeflow verify CRATE [--from-data] [--data DIR] [--to DIR] [-- SNAKEMAKE OPTIONS]
    challengeflow cite [CHALLENGE...] [--config FILE]
    challengeflow new challenge NAME [--into DIR]
    challengeflow new model NAME --challenge CHALLENGE [--into DIR]

`--config` is a config, or the file the workflow passes: the part of the settings that the job depends on.
"""

import argparse
import importlib
import io
import os
import sys
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

from challengeflow import __version__
from challengeflow.contract.credentials import redacted
from challengeflow.contract.errors import InputError, explained
from challengeflow.contract.names import COMMANDS
from challengeflow.contract.threads import thread_limits
from challengeflow.crates import verbs as crates_verbs
from challengeflow.launching import verbs as launching_verbs
from challengeflow.reporting import model_verbs
from challengeflow.reporting import verbs as reporting_verbs

if TYPE_CHECKING:
    from challengeflow.planning.plan import Plan


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 1 for what the user can mend, told in one sentence."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not be in the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _told("interrupted; run again to go on", status=130)
    except BrokenPipeError:  # the reader (head, say) has seen enough
        _close_output()
        return 0
    except Exception as error:
        if os.environ.get("CHALLENGEFLOW_TRACEBACK") or "--traceback" in arguments:
            raise
        return _told(*_reasons(error))


def _run(arguments: list[str]) -> int:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in verbs():
        return _run_of_plugin(*arguments)
    words, behind = launching_verbs.parted(arguments)
    options = _parser(help_of_plugins=arguments[:1] in (["-h"], ["--help"])).parse_args(words)
    options.behind = behind
    _check_version()
    options.run(options)
    return 0


def _reasons(error: Exception) -> list[str]:
    """What to tell of an error, one sentence each."""
    if isinstance(error, InputError):
        return str(error).split("\n")
    if isinstance(error, OSError):
        _close_output()
        return [explained(error)]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return [redacted(f"{what}; this is a fault of challengeflow, and CHALLENGEFLOW_TRACEBACK=1 shows where")]


def _told(*sentences: str, status: int = 1) -> int:
    """Tell sentences on standard error, if that can still be written; the exit status."""
    with suppress(OSError):
        for sentence in sentences:
            print(f"challengeflow: {sentence}", file=sys.stderr, flush=True)
    return status


def _close_output() -> None:
    """Let Python not try again, at its end, to write what could not be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_version() -> None:
    """A job's environment must hold the version that planned the workflow: another one may read and write other
    files."""
    wanted = os.environ.get("CHALLENGEFLOW_VERSION", __version__)
    if wanted != __version__:
        raise InputError(
            f"this environment ({sys.prefix}) has challengeflow {__version__}, the workflow is run by {wanted};"
            f" install challengeflow=={wanted} in it, or let the env file name that version and make the env again"
        )


def verbs() -> tuple[str, ...]:
    """The commands of challengeflow itself."""
    return COMMANDS


def _run_of_plugin(name: str, *arguments: str) -> int:
    from challengeflow.planning.plugins import registry

    return importlib.import_module(registry().command(name)).main(list(arguments)) or 0


def _stages() -> str:
    """The verbs that the workflow calls, one a job."""
    return "what the workflow calls, one a job:\n" + "\n".join(f"    {name:<19} {STAGES[name][0]}" for name in STAGES)


def _commands_of_plugins() -> str:
    from challengeflow.planning.plugins import registry

    of = [(command, c.name) for c in registry().challenges.values() for command in sorted(c.commands)]
    return "of plugins:\n" + "\n".join(f"    {command:<19} of {challenge}" for command, challenge in of) if of else ""


def _parser(help_of_plugins: bool = False) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="challengeflow",
        description=__doc__.partition("\n")[0],
        epilog=f"{_stages()}\n{_commands_of_plugins()}" if help_of_plugins else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"challengeflow {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add_showing(verbs)
    launching_verbs.add(verbs)
    reporting_verbs.add(verbs)
    model_verbs.add(verbs)
    crates_verbs.add(verbs)
    _add_new(verbs)
    for name, (summary, positional) in STAGES.items():
        verb = verbs.add_parser(name, description=summary)  # without help: they stand apart, below
        verb.add_argument("target", metavar="CHALLENGE" if name == "package" else "CHALLENGE/DATASET")
        for argument, meaning in positional.items():
            verb.add_argument(argument, help=meaning, metavar=argument.upper())
        if name == "predict":
            verb.add_argument("--on", help="the dataset predicted; the model's own without it")
        verb.add_argument("--config", default="config.yaml", help="config file")
        verb.add_argument("--threads", type=_threads, default=1, help="how many it may use")
        verb.add_argument(
            "--traceback",
            action="store_true",
            help="show where an error came from (CHALLENGEFLOW_TRACEBACK=1 does too)",
        )
        verb.set_defaults(run=_run_stage, stage=name)
    return parser


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads; write 1 to {MOST_THREADS}")
    return int(text)


MOST_THREADS = 4096
STAGES = {
    "download": ("fetch one part of a dataset", {"part": "index, archive:NAME or a shard"}),
    "preprocess": ("prepare one shard", {"shard": "name of the shard"}),
    "train": ("train a model on all folds but one", {"model": "variant", "fold": "number, or all for the refit"}),
    "predict": ("predict one shard", {"model": "variant", "shard": "name of the shard"}),
    "control": ("answer all that is scored as a control does", {"model": "name of the control"}),
    "score": ("score a model and fit its decision", {"model": "variant"}),
    "draw": ("draw a scored model", {"model": "variant"}),
    "package": ("make and check a submission", {"submission": "kind of submission", "name": "its name"}),
}


def _add_showing(verbs: Any) -> None:
    show = verbs.add_parser("plugins", help="list the plugins, challenges and models that are installed")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=lambda options: _show().plugins(options.json))
    describe = verbs.add_parser("describe", help="what a challenge is: datasets, models, metric, licence")
    describe.add_argument("challenge", nargs="?", help="its name; without it, the list of challenges")
    describe.add_argument("--all", action="store_true", help="every source and parameter too")
    describe.set_defaults(run=lambda options: _show().describe(options.challenge, options.all))


def _add_new(verbs: Any) -> None:
    new = verbs.add_parser("new", help="write a working package to start a challenge or a model from")
    kinds = new.add_subparsers(required=True, metavar="KIND")
    for kind in ("challenge", "model"):
        verb = kinds.add_parser(kind, help=f"the package of a {kind}")
        verb.add_argument("name", help="lower-case letters, digits, '-' and '_'")
        if kind == "model":
            verb.add_argument("--challenge", required=True, help="the challenge it is for")
        verb.add_argument("--into", metavar="DIR", help="folder to write; challengeflow-NAME without it")
        verb.set_defaults(run=_run_new, kind=kind)


def _run_new(options: argparse.Namespace) -> None:
    from challengeflow.authoring import new

    if options.kind == "challenge":
        new.challenge(options.name, options.into)
    else:
        new.model(options.name, options.challenge, options.into)


def _show() -> ModuleType:
    from challengeflow.reporting import show

    return show


def _run_stage(options: argparse.Namespace) -> None:
    os.environ.update(thread_limits(options.threads))
    from challengeflow.planning.job_list import Jobs
    from challengeflow.planning.plugins import registry
    from challengeflow.running.run_job import run_job

    challenge, slash, dataset = options.target.partition("/")
    if (options.stage == "package") == bool(slash):
        wanted = "CHALLENGE alone" if slash else "CHALLENGE/DATASET"
        raise InputError(f"{options.stage} is told its target as {wanted}, not as {options.target!r}")
    plan = _plan(challenge, options.config)
    for each in [dataset, *([options.on] if getattr(options, "on", None) else [])] if slash else []:
        if each not in plan.datasets:
            from challengeflow.planning.check_config import nearest

            raise InputError(f"{challenge} has no dataset {each!r} in this config; {nearest(each, plan.datasets)}")
    # Absolute, so that a stage depends on no working directory.
    jobs = Jobs(plan.at(os.path.realpath(plan.settings.results)), registry())
    run_job(jobs, jobs.get(*_key(dataset, options)), options.threads)


def _plan(challenge: str, config: str) -> "Plan":
    from challengeflow.planning.part_file import read_part
    from challengeflow.planning.plan import Plan, plans
    from challengeflow.planning.settings import challenge_settings

    if (part := read_part(config)) is not None:
        return Plan(challenge, challenge_settings(part))
    from challengeflow.planning.check_config import nearest
    from challengeflow.planning.config import resolve
    from challengeflow.planning.plugins import registry
    from challengeflow.planning.read_config import read_config

    found = plans(resolve(read_config(config), registry()))
    if challenge not in found:
        raise InputError(f"{config} has no challenge {challenge!r}; {nearest(challenge, found)}")
    return found[challenge]


def _key(dataset: str, options: argparse.Namespace) -> tuple[str, ...]:
    """The key in the list of jobs of what a command line names."""
    match options.stage:
        case "download" if options.part == "index":
            return "index", dataset
        case "download" if options.part.startswith("archive:"):
            return "archive", dataset, options.part.removeprefix("archive:")
        case "download":
            return "download", dataset, options.part
        case "preprocess":
            return "preprocess", dataset, options.shard
        case "train":
            return "train", dataset, options.model, options.fold
        case "predict":
            return "predict", dataset, options.model, options.on or dataset, options.shard
        case "package":
            return "package", options.submission, options.name
        case stage:
            return stage, dataset, options.model


if __name__ == "__main__":
    sys.exit(main())
