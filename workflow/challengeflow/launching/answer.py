"""`challengeflow answer MODEL FOLDER`: new data answered by a model package, through the workflow like every run.

It writes a config into a folder of its own: the data as a dataset, and the package in the place of the trainings.
"""

import json
import re
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.contract.names import LONGEST, PATH_WORDS
from challengeflow.models.check import check, config_of
from challengeflow.models.package_file import Package
from challengeflow.planning.plugins import Registry

CONFIG = "config.yaml"
HEAD = """\
# Written by `challengeflow answer`: {folder}, answered by {package}.
# It is a config like any other; to change something, edit it and type `challengeflow run` in this folder.
"""


def write_config(package: Package, folder: Path, to: Path, found: Registry) -> str:
    """Check the package, and write the config that answers the data in `folder` into the folder `to`; the challenge.

    Raises InputError for a package that is refused, and for data or a folder that is not there.
    """
    import yaml

    if not folder.exists():
        raise InputError(f"there is no {folder}; give the folder of the data to answer")
    check(package, found)
    challenge = package.manifest["challenge"]
    kinds = [each.name for each in found.challenge(challenge).submissions if each.own_data]
    if not kinds:
        raise InputError(f"{challenge} makes no answers for data of one's own; its plugin declares none with own_data")
    config = answering(package, folder, kinds)
    # Through JSON, so that no alias stands for what two datasets share.
    text = yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False)
    text = HEAD.format(folder=json.dumps(str(folder)), package=package.name) + text
    to.mkdir(parents=True, exist_ok=True)
    path = to / CONFIG
    if path.exists() and not path.read_text().startswith(HEAD.partition("`")[0]):
        raise InputError(f"{path} is there, and none that `answer` wrote; choose another folder with --to")
    path.write_text(text)
    return str(challenge)


def answering(package: Package, folder: Path, kinds: list[str]) -> dict[str, Any]:
    """The config of data of one's own with the models of a package."""
    challenge, dataset, variant = (package.manifest[part] for part in ("challenge", "dataset", "variant"))
    section = package.manifest["config"]["challenges"][challenge]
    parameters = {key: value for key, value in section["datasets"][dataset].items() if isinstance(value, dict)}
    parameters.pop("shards", None)
    name = name_of(folder, list(section["datasets"]))
    own = {"source": str(folder.resolve()), "trained_on": dataset, **parameters}
    config = config_of(package, **{name: own})
    named = {f"{name}-{variant}": {name: variant}}
    config["challenges"][challenge]["submissions"] = dict.fromkeys(kinds, named)
    return config


def name_of(folder: Path, taken: list[str]) -> str:
    """The name of a folder as that of a dataset."""
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-_")[: LONGEST // 2] or "data"
    return f"my-{name}" if name in {*taken, *PATH_WORDS} or name.startswith("fold-") else name
