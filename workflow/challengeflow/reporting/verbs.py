"""The verbs of the command that look at a run: their arguments, and what they call."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from challengeflow.planning.job_list import Jobs
    from challengeflow.planning.plugins import Registry
    from challengeflow.planning.settings import Settings


def add(verbs: Any) -> None:
    """Add the parsers of all of them."""
    _of_config(verbs, "leaderboard", "tabulate scores and submissions: results/leaderboard.csv and .html", _leaderboard)
    status = _of_config(verbs, "status", "how far a run is: done, running, stopped and why, left", _status)
    status.add_argument("--watch", action="store_true", help="go on showing it until all is done")
    compare = verbs.add_parser("compare", help="two models in pairs of resamples, or two runs: what changed")
    compare.add_argument("a", metavar="A", help="CHALLENGE/DATASET/MODEL, the folder of such, or a results folder")
    compare.add_argument("b", metavar="B", help="the other one")
    compare.add_argument("--results", default="results", help="results folder that variants are in")
    compare.add_argument("--config", default="config.yaml", help="config by which stale results are told")
    compare.set_defaults(run=_compare)
    _of_config(verbs, "report", "write the report of a run: results/report.html", _report)
    cite = _of_config(verbs, "cite", "BibTeX of challenges, methods and challengeflow", _cite)
    meaning = "with all its models; those of the config without it"
    cite.add_argument("challenges", nargs="*", metavar="CHALLENGE", help=meaning)


def _of_config(verbs: Any, name: str, summary: str, run: Any) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=summary)
    verb.add_argument("--config", default="config.yaml", help="config file")
    verb.set_defaults(run=run)
    return verb


def _resolved(path: str) -> "tuple[Settings, Registry]":
    """The config of a file with every default, and the plugins."""
    from challengeflow.planning.config import resolve
    from challengeflow.planning.plugins import registry
    from challengeflow.planning.read_config import read_config

    config = read_config(path)
    from challengeflow.contract.errors import InputError
    from challengeflow.reporting.made_by import missing_packages

    try:
        return resolve(config, registry()), registry()
    except InputError as error:
        raise InputError(f"{error}{missing_packages(config)}") from None


def listed_jobs(config: str) -> "dict[str, Jobs]":
    """Challenge -> its list of jobs, of the config of a file."""
    return _jobs(*_resolved(config))


def _jobs(settings: "Settings", found: "Registry") -> "dict[str, Jobs]":
    from challengeflow.planning.job_list import Jobs
    from challengeflow.planning.plan import plans

    return {name: Jobs(plan, found) for name, plan in plans(settings).items()}


def stale_paths(config: str) -> dict[Path, str]:
    """Absolute path of every stale result of a config -> why it is; nothing where there is no such config."""
    from challengeflow.reporting.stale import stale

    if not Path(config).is_file():
        return {}
    found = (stale(jobs) for jobs in listed_jobs(config).values())
    return {Path(path).resolve(): why for each in found for job, why in each.items() for path in job.outputs}


def _leaderboard(options: argparse.Namespace) -> None:
    from challengeflow.planning.part_file import read_part
    from challengeflow.planning.plan import generated
    from challengeflow.reporting import leaderboard

    listed = read_part(options.config)
    if listed is None:
        settings, found = _resolved(options.config)
        plans = [jobs.plan for jobs in _jobs(settings, found).values()]
        made = [path for plan in plans for path in plan.score_files() + plan.submission_folders()]
        old = stale_paths(options.config)
        files = [path for path in made if Path(path).exists() and Path(path).resolve() not in old]
        listed = {"results": settings.results, "files": files, "generated": generated(plans)}
    leaderboard.write(listed["results"], listed["files"], listed["generated"])


def _status(options: argparse.Namespace) -> None:
    from challengeflow.reporting import needs, status

    jobs = listed_jobs(options.config)
    if options.watch:
        status.watch(jobs)
    else:
        found = status.standing(jobs)
        print(*needs.lines(found.done), status.describe(found, bars=sys.stdout.isatty()), sep="\n")


def _compare(options: argparse.Namespace) -> None:
    from challengeflow.reporting.compare import compare

    print(compare(options.a, options.b, options.results, stale_paths(options.config)))


def _report(options: argparse.Namespace) -> None:
    """The workflow's own call brings all there is to know: no plugin need be installed where it runs."""
    from challengeflow.planning.part_file import read_part
    from challengeflow.reporting.page import page
    from challengeflow.reporting.page.subject import subject
    from challengeflow.reporting.stale import stale

    about = read_part(options.config)
    if about is None:
        settings, found = _resolved(options.config)
        about = subject(settings, found)
        for name, listed in _jobs(settings, found).items():
            paths = {listed.layout.target(path): why for job, why in stale(listed).items() for path in job.outputs}
            about["challenges"][name]["stale"] = paths
    print(page.write(about))


def _cite(options: argparse.Namespace) -> None:
    from challengeflow.planning.plugins import registry
    from challengeflow.reporting.cite import bibtex, references

    if options.challenges:
        challenges, found = options.challenges, registry()
        models = [pair for pair in found.models if pair[0] in challenges]
    else:
        resolved, found = _resolved(options.config)
        challenges = resolved.challenges
        variants = [(name, variant) for name, part in challenges.items() for variant in part.models.values()]
        models = list(dict.fromkeys((name, one.model) for name, one in variants if one.kind == "trained"))
    print(bibtex(references(found, challenges, models)), end="")
