"""Whether a package can be used here: its plugin, its contract, its settings, its models; and what is other than there.

What is refused is a single InputError. Another version of a plugin is no reason: it is told, with what it may change.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow import __version__, plain_models
from challengeflow.arrays import Arrays
from challengeflow.contract.declare import CONTRACT, Schema
from challengeflow.contract.errors import InputError
from challengeflow.models.declared import prepared
from challengeflow.models.package_file import CARD, CITATIONS, Package, no_number, refused
from challengeflow.planning.config import resolve
from challengeflow.planning.fingerprint import stage_fingerprint
from challengeflow.planning.planned_job import named_files
from challengeflow.planning.plugins import Registry
from challengeflow.planning.reproduce import variant_of
from challengeflow.planning.settings import MODELS, ChallengeSettings

Config = dict[str, Any]


def check(package: Package, found: Registry) -> ChallengeSettings:
    """Look at all of a package, every byte and every setting; what is needed of it, resolved.

    Raises InputError where it cannot be used here; nothing of it has been run, and nothing is left behind.
    """
    settings = suits(package, found)
    package.check(_check_content(package))
    return settings


def suits(package: Package, found: Registry) -> ChallengeSettings:
    """The settings of its datasets and variants, as the installed plugins resolve them; opens the manifest alone.

    Raises InputError where the plugin is not here, or declares otherwise, and where a model it names is not in it.
    """
    manifest, challenge = package.manifest, package.manifest["challenge"]
    missing = [each for each in manifest["plugins"] if each not in _distributions(found)]
    if challenge not in found.challenges or missing:
        told = found.broken[0] if found.broken else None
        aside = f" ({told.name!r} cannot be loaded: {told.reason})" if told else ""
        names = ", ".join(f"{each} {manifest['plugins'][each]}" for each in missing or manifest["plugins"])
        raise InputError(f"{package.path} needs {names}, which is not installed here{aside}; pip install it first")
    if manifest["contract"] != CONTRACT:
        raise InputError(
            f"{package.path} was made under contract {manifest['contract']} of challengeflow, and this is "
            f"{__version__} with contract {CONTRACT}; install versions that go together, or export it again"
        )
    if manifest["prepared"] != prepared(found.challenge(challenge)):
        raise InputError(
            f"{package.path} was trained on data that the plugin of {challenge} prepared otherwise than the one "
            f"installed here; install {_listed(manifest['plugins'])}, or train it again"
        )
    return _resolved(package, found)


def _resolved(package: Package, found: Registry) -> ChallengeSettings:
    manifest, challenge = package.manifest, package.manifest["challenge"]
    try:
        settings = resolve(config_of(package), found).challenges[challenge]
        held = manifest["config"]["challenges"][challenge]["models"]
        exact = {name: variant_of(settings.models[name]) for name in held}
        folds = settings.datasets[manifest["dataset"]].folds
    except InputError as error:
        raise refused(package.path, str(error).split("\n")[0]) from None
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise refused(package.path, "its config is none of this challenge") from None
    if any(named_files(*each) for each in _parameters(settings, found, challenge)):
        raise refused(package.path, "its config names files of another machine")
    if exact != held:
        raise refused(package.path, "its config leaves something open")
    for name in _missing(package, held, folds):
        raise refused(package.path, f"it holds no {name}")
    for name in _strangers(package, held, folds):
        raise refused(package.path, f"its file {name!r} belongs to none of its models")
    return settings


def _parameters(
    settings: ChallengeSettings, found: Registry, challenge: str
) -> Iterator[tuple[Schema, Mapping[str, Any]]]:
    """Schema and values of the parameters of every model, and of every stage of every dataset."""
    for variant in settings.models.values():
        if variant.kind == "trained":
            yield found.model(challenge, variant.model).parameters, variant.parameters
    for dataset in settings.datasets.values():
        for stage, values in dataset.parameters.items():
            yield found.challenge(challenge).schema.get(stage, {}), values


def config_of(package: Package, **further: Mapping[str, Any]) -> Config:
    """The config of its datasets and variants, which come out of the package; further: datasets that they answer."""
    manifest, challenge = package.manifest, package.manifest["challenge"]
    section = manifest["config"]["challenges"][challenge]
    datasets = {name: {**entry, "source": MODELS} for name, entry in section["datasets"].items()}
    for name, entry in datasets.items():
        entry.pop("packages", None)
        if name == manifest["dataset"]:
            entry["packages"] = dict.fromkeys(section["models"], str(package.path.resolve()))
    part = {**section, "datasets": {**datasets, **further}}
    return {key: manifest["config"][key] for key in ("seed", "device")} | {"challenges": {challenge: part}}


def _missing(package: Package, models: Mapping[str, Any], folds: int) -> Iterator[str]:
    """What must be in it, and is not."""
    manifest = package.manifest
    yield from (name for name in (CARD, CITATIONS) if name not in package.files)
    wanted = {manifest["variant"], *models[manifest["variant"]].get("members", {})}
    if wanted != models.keys() or not wanted <= manifest["scores"].keys():
        yield f"{manifest['variant']} with all that it answers by"
        return
    of = {"challenge": manifest["challenge"], "dataset": manifest["dataset"]}
    for name, entry in models.items():
        if any(manifest["scores"][name][key] != value for key, value in {**of, "model": name}.items()):
            yield f"scores of {name}"
        for folder in _folders(name, entry, folds):
            if not any(file.startswith(folder) for file in package.files):
                yield f"weights {folder.rstrip('/')}"
        if f"{name}/decision.json" not in package.files:
            yield f"{name}/decision.json"


def _strangers(package: Package, models: Mapping[str, Any], folds: int) -> Iterator[str]:
    """What is in it, and need not be."""
    known = {CARD, CITATIONS, *(f"{name}/decision.json" for name in models)}
    folders = tuple(folder for name, entry in models.items() for folder in _folders(name, entry, folds))
    yield from (name for name in package.files if name not in known and not name.startswith(folders))


def _folders(variant: str, entry: Mapping[str, Any], folds: int) -> list[str]:
    """The folders that the weights of a variant lie in; none of an ensemble."""
    places = ["all"] if entry.get("refit") else range(0 if "members" in entry else folds)
    return [f"{variant}/fold-{place}/" for place in places]


def _check_content(package: Package) -> Callable[[Path], None]:
    """Every array and every plain model can be read: no size, place or number of a tree is out of range. So can every
    decision."""

    def look(folder: Path) -> None:
        for path in sorted(folder.glob("*/decision.json")):
            try:
                decision = json.loads(path.read_bytes(), parse_constant=no_number)
            except (ValueError, RecursionError):
                decision = None
            if not isinstance(decision, dict):
                raise refused(package.path, f"its {path.relative_to(folder)} is no JSON with what was decided")
        for index in sorted(folder.rglob("index.json")):
            try:
                arrays = Arrays(index.parent)
                for name in arrays:
                    arrays[name]
                if any(name.startswith("model ") for name in arrays):
                    plain_models.load(index.parent)
            except InputError as error:
                told = str(error).replace(f"{folder}/", "").partition(";")[0]
                raise refused(package.path, told) from None

    return look


def differences(package: Package, found: Registry) -> list[str]:
    """Why answers may differ from those where the models were trained, a sentence each; none where the code that
    answers is the same."""
    manifest, here = package.manifest, _distributions(found)
    changed = [stage for stage, code in manifest["code"].items() if code != fingerprint(package, found, stage)]
    if not changed:
        return []
    others = [
        f"{name} {there}, here {here[name]}" for name, there in manifest["plugins"].items() if here[name] != there
    ]
    others += [f"challengeflow {manifest['challengeflow']}, here {__version__}"] * (
        manifest["challengeflow"] != __version__
    )
    by = f" (made by {'; '.join(others)})" if others else ""
    return [
        f"the code of {', '.join(changed)} is another here{by}: answers may differ from those of the same models there"
    ]


def fingerprint(package: Package, found: Registry, stage: str) -> str | None:
    """Of the code here: of a stage of the challenge, or, as `predict VARIANT`, of a variant's model."""
    stage, _, variant = stage.partition(" ")
    challenge = package.manifest["challenge"]
    entry = package.manifest["config"]["challenges"][challenge]["models"].get(variant, {})
    try:
        return stage_fingerprint(found, stage, challenge, entry.get("model"))
    except (KeyError, InputError):
        return None


def _distributions(found: Registry) -> dict[str, str]:
    """Distribution -> version of every plugin that is here."""
    split = (text.partition(" ") for text in found.distribution.values())
    return {name: version for name, _, version in split}


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name}=={version}" for name, version in versions.items())
