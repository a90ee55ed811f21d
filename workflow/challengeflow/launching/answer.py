"""`challengeflow answer MODEL FOLDER`: new data answered by a model package, through the workflow like every run.

It writes a config into a folder of its own: the data as a dataset, and the package in the place of the trainings.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.declare import Challenge
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import LONGEST, PARAMETER_STAGES, PATH_WORDS
from challengeflow.launching.machine import gpus
from challengeflow.models.check import check, config_of, differences
from challengeflow.models.package_file import Package
from challengeflow.models.profile import unlike
from challengeflow.planning.config import resolve
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import Registry
from challengeflow.planning.read_config import read_config
from challengeflow.planning.resolve_dataset import absent, answered_splits
from challengeflow.reporting.inspect_source import inspect_source, summary, table, wanting

CONFIG = "config.yaml"
MOST_TOLD = 10
FILES_A_SHARD, MOST_SHARDS = 200, 200
HEAD = """\
# Written by `challengeflow answer`, with {package}.
# It is a config like any other; to change something, edit it and type `challengeflow run` in this folder.
"""


def checked(package: Package, folder: Path, found: Registry, here: bool = True) -> dict[str, Any]:
    """Check the package, and give the config that answers the data in `folder`.

    here: whether this machine answers; it then does so without a GPU where it has none. Raises InputError for a package
    that is refused, for data that are not there, and where nothing answers own data.
    """
    if not folder.exists():
        raise InputError(f"there is no {absent(str(folder))}; give the folder of the data to answer")
    check(package, found)
    challenge = package.manifest["challenge"]
    kinds = [each.name for each in found.challenge(challenge).submissions if each.own_data]
    if not kinds:
        raise InputError(f"{challenge} makes no answers for data of one's own; its plugin declares none with own_data")
    config = answering(package, folder, kinds, _shards(folder, found.challenge(challenge)))
    if here and config["device"] == "cuda" and not gpus():
        config["device"] = "cpu"
    return config


def fits(package: Package, config: dict[str, Any], found: Registry) -> Iterator[str]:
    """What is understood of the data, a line each, and what may make the answers others than where it was trained.

    Raises InputError where none of the data can be used.
    """
    if package.manifest["source"] == "demo":
        yield f"{package.name} was trained on a demo: its answers mean nothing about real data"
    if config["device"] != package.manifest["config"]["device"]:
        yield f"but: {package.name} answered on a GPU, and this machine has none: last digits may be others"
    yield from (f"but: {sentence}" for sentence in differences(package, found))
    challenge = package.manifest["challenge"]
    datasets = resolve(config, found).challenges[challenge].datasets
    own = next(name for name, entry in datasets.items() if entry.trained_on)
    if not found.inspects(challenge):
        return
    source = Path(datasets[own].source)
    rows = inspect_source(found, challenge, source, (own, datasets[own]))
    yield from (*table(rows), *summary(rows))
    if missing := wanting(rows):
        raise InputError("\n".join(f"{source}: {sentence}" for sentence in missing))


def prepared(jobs: Iterable[PlannedJob]) -> list[str]:
    """The prepared shards of the data: they are made first, so that it can be said how they differ."""
    return [job.outputs[0] for job in jobs if job.stage == "preprocess"]


def tell_unlike(package: Package, shards: Iterable[str], found: Registry) -> None:
    """Say how the data differ from all that the models were trained on."""
    manifest = package.manifest
    meanings = found.challenge(manifest["challenge"]).attributes
    differing = unlike(manifest["trained_on"], map(Path, shards), meanings)
    for sentence in differing[:MOST_TOLD]:
        print(f"unlike its training: {sentence}", file=sys.stderr)
    if more := differing[MOST_TOLD:]:
        print(f"unlike its training: and {len(more)} more such differences", file=sys.stderr)


def write(config: dict[str, Any], to: Path, package: Package) -> None:
    """Write the config into the folder `to`. Raises InputError where another one is there, or one of other data, and
    where that folder is part of the data."""
    import yaml

    path, (source,) = to / CONFIG, _answered(config)
    if to.resolve().is_relative_to(source):
        raise InputError(f"the answers would lie in the data, in {to.resolve()}; choose another folder with --to")
    if path.exists():
        if not path.read_bytes().startswith(HEAD.partition("`")[0].encode()):
            raise InputError(f"{path} is there, and none that `answer` wrote; choose another folder with --to")
        if others := [each for each in _answered(read_config(path)) if each != source]:
            raise InputError(f"{to} has the answers to {others[0]}; choose another folder with --to, or remove it")
    # Through JSON, so that no alias stands for what two datasets share.
    text = HEAD.format(package=package.name) + yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False)
    if path.exists() and path.read_text() != text:
        raise InputError(
            f"{path} was edited, or names another model; `challengeflow run` in {to} goes on with it as it is, and "
            "--to names another folder"
        )
    to.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _answered(config: Mapping[str, Any]) -> list[str]:
    """Where the data lie that a config has answered by models of others."""
    datasets = (section.get("datasets", {}).values() for section in config.get("challenges", {}).values())
    return [entry["source"] for each in datasets for entry in each if "trained_on" in entry]


def _shards(folder: Path, challenge: Challenge) -> dict[str, int]:
    """Split -> shards: more of them where there are many files, so that machines can share the work."""
    splits = challenge.own_data.splits if challenge.own_data else answered_splits(challenge)
    files = sum(1 for _ in folder.rglob("*"))
    return dict.fromkeys(splits, min(MOST_SHARDS, 1 + files // FILES_A_SHARD))


def answering(package: Package, folder: Path, kinds: list[str], shards: Mapping[str, int]) -> dict[str, Any]:
    """The config of data of one's own, in so many shards, with the models of a package."""
    challenge, dataset, variant = (package.manifest[part] for part in ("challenge", "dataset", "variant"))
    section = package.manifest["config"]["challenges"][challenge]
    trained = section["datasets"][dataset]
    parameters = {stage: trained[stage] for stage in PARAMETER_STAGES if stage in trained}
    name = name_of(folder, list(section["datasets"]))
    own = {"source": str(folder.resolve()), "trained_on": dataset, "shards": shards, **parameters}
    config = config_of(package, **{name: own})
    named = {f"{name}-{variant}": {name: variant}}
    config["challenges"][challenge]["submissions"] = dict.fromkeys(kinds, named)
    return config


def name_of(folder: Path, taken: list[str]) -> str:
    """The name of a folder as that of a dataset."""
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-_")[: LONGEST // 2] or "data"
    return f"my-{name}" if name in {*taken, *PATH_WORDS} or name.startswith("fold-") else name
