"""`challengeflow model ...`: models that travel, exported, installed, listed, shown and removed."""

import argparse
from pathlib import Path
from typing import Any


def add(verbs: Any) -> None:
    """Add the parsers of all of them."""
    model = verbs.add_parser("model", help="models that travel: export, install, list, show, remove")
    what = model.add_subparsers(required=True, metavar="WHAT")
    export = what.add_parser("export", help="write the models of a variant as one file")
    export.add_argument("variant", metavar="CHALLENGE/DATASET/VARIANT", help="of the config, trained and scored")
    export.add_argument("--to", metavar="FILE", help="the file; CHALLENGE-DATASET-VARIANT.model.zip without it")
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
    from challengeflow.contract.errors import InputError
    from challengeflow.planning.check_config import nearest
    from challengeflow.reporting.export_model import export_model
    from challengeflow.reporting.verbs import listed_jobs

    words = options.variant.split("/")
    if len(words) != 3:
        raise InputError(f"{options.variant!r} is no variant; write CHALLENGE/DATASET/VARIANT, as `status` names them")
    challenge, dataset, variant = words
    jobs = listed_jobs(options.config)
    if challenge not in jobs:
        raise InputError(f"{options.config} has no challenge {challenge!r}; {nearest(challenge, jobs)}")
    plan = jobs[challenge].plan
    for name, known in ((dataset, plan.datasets), (variant, plan.models)):
        if name not in known:
            raise InputError(f"{challenge} has no {name!r} in this config; {nearest(name, known)}")
    print(export_model(jobs[challenge], dataset, variant, options.to and Path(options.to)))


def _install(options: argparse.Namespace) -> None:
    from challengeflow.models import check, shelf
    from challengeflow.planning.plugins import registry

    package = shelf.install(Path(options.file), registry())
    print(f"installed {package.name}; `challengeflow model show {package.name}` says what it is")
    for sentence in check.differences(package, registry()):
        print(f"but: {sentence}")


def _list(options: argparse.Namespace) -> None:
    from challengeflow.models import shelf

    found = shelf.installed()
    for name, package in found.items():
        splits = package.manifest["scores"][package.manifest["variant"]]["splits"]
        split, entry = next(iter(splits.items()), ("not scored", None))
        score = f" {entry['score']:.3f} [{entry['interval'][0]:.3f}, {entry['interval'][1]:.3f}]" if entry else ""
        demo = ", trained on a demo" if package.manifest["source"] == "demo" else ""
        print(f"{name}  {package.manifest['metric']['name']} {split}{score}{demo}")
    if not found:
        print(f"no model is installed in {shelf.shelf()}")


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
