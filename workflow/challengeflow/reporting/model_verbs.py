"""`challengeflow model ...`: models that travel, exported, installed, listed, shown and removed."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from challengeflow.models.package_file import Package
    from challengeflow.planning.job_list import Jobs


def add(verbs: Any) -> None:
    """Add the parsers of all of them."""
    model = verbs.add_parser("model", help="models that travel: export, install, list, show, remove")
    what = model.add_subparsers(required=True, metavar="WHAT")
    export = what.add_parser("export", help="write the models of a variant as one file")
    meaning = "of the config, trained and scored; all that are, without it"
    export.add_argument("variants", nargs="*", metavar="CHALLENGE/DATASET/VARIANT", help=meaning)
    meaning = "the file, or a folder for CHALLENGE-DATASET-VARIANT.model.zip; this one without it"
    export.add_argument("--to", metavar="PATH", default=".", help=meaning)
    export.add_argument("--config", default="config.yaml", help="config file")
    export.set_defaults(run=_export)
    install = what.add_parser("install", help="check a model package, and put it on this machine's shelf")
    install.add_argument("file", metavar="FILE", help="the model package")
    install.set_defaults(run=_install)
    listed = what.add_parser("list", help="the installed models")
    listed.set_defaults(run=_list)
    show = what.add_parser("show", help="the card of a model: how good it is, what it reads, what to cite")
    show.add_argument("name", metavar="NAME", help="an installed model, or the file of a package")
    show.set_defaults(run=_show)
    remove = what.add_parser("remove", help="take a model from the shelf")
    remove.add_argument("name", metavar="NAME", help="as `model list` names it")
    remove.set_defaults(run=_remove)


def _export(options: argparse.Namespace) -> None:
    from challengeflow.models.package_file import SUFFIX
    from challengeflow.reporting.export_model import export_model
    from challengeflow.reporting.verbs import listed_jobs

    jobs, to = listed_jobs(options.config), Path(options.to)
    everything = [(name, *pair) for name, listed in jobs.items() for pair in listed.plan.drawn()]
    wanted = [_named(jobs, each) for each in options.variants] or everything
    for challenge, dataset, variant in wanted:
        alone = len(wanted) == 1 and to.suffix == ".zip"
        path = to if alone else to / f"{challenge}-{dataset}-{variant}{SUFFIX}"
        print(export_model(jobs[challenge], dataset, variant, path), flush=True)


def _named(jobs: "Mapping[str, Jobs]", text: str) -> tuple[str, str, str]:
    """Challenge, dataset and variant of CHALLENGE/DATASET/VARIANT; InputError where the config has no such ones."""
    from challengeflow.contract.errors import InputError
    from challengeflow.planning.check_config import nearest

    words = text.split("/")
    if len(words) != 3:
        raise InputError(f"{text!r} is no variant; write CHALLENGE/DATASET/VARIANT, as `status` names them")
    challenge, dataset, variant = words
    if challenge not in jobs:
        raise InputError(f"the config has no challenge {challenge!r}; {nearest(challenge, jobs)}")
    plan = jobs[challenge].plan
    for name, known in ((dataset, plan.datasets), (variant, plan.models)):
        if name not in known:
            raise InputError(f"{challenge} has no {name!r} in this config; {nearest(name, known)}")
    return challenge, dataset, variant


def _install(options: argparse.Namespace) -> None:
    from challengeflow.models import check, shelf
    from challengeflow.planning.plugins import registry

    package = shelf.install(Path(options.file), registry())
    print(f"installed {package.name}; `challengeflow model show {package.name}` says what it is")
    for sentence in check.differences(package, registry()):
        print(f"but: {sentence}")


def _list(options: argparse.Namespace) -> None:
    from challengeflow.models import shelf

    found = list(shelf.shelved())
    for name, package in found:
        print(package if isinstance(package, Exception) else f"{name}  {_brief(package)}")
    if not found:
        print(f"no model is installed in {shelf.shelf()}")


def _brief(package: "Package") -> str:
    """Score of the first split, and whether it learnt from real data."""
    manifest = package.manifest
    splits = manifest["scores"][manifest["variant"]]["splits"]
    split, entry = next(iter(splits.items()), ("not scored", None))
    score = f" {entry['score']:.3f} [{entry['interval'][0]:.3f}, {entry['interval'][1]:.3f}]" if entry else ""
    demo = ", trained on a demo" if manifest["source"] == "demo" else ""
    return f"{manifest['metric']['name']} {split}{score}{demo}"


def _show(options: argparse.Namespace) -> None:
    from challengeflow.models import check, shelf
    from challengeflow.models.package_file import CARD
    from challengeflow.planning.plugins import registry

    package = shelf.find(options.name)
    print("".join(each for each in package.text(CARD) if each.isprintable() or each == "\n"))
    check.suits(package, registry())
    for sentence in check.differences(package, registry()):
        print(f"but: {sentence}")


def _remove(options: argparse.Namespace) -> None:
    from challengeflow.models import shelf

    shelf.remove(options.name)
    print(f"removed {options.name}")
