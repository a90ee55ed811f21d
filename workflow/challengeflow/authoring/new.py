"""`challengeflow new`: a working package to start a challenge or a model from."""

import importlib.metadata
import re
import textwrap
from pathlib import Path
from typing import Any

from challengeflow import CONTRACT, __version__
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import check_name
from challengeflow.planning.plugins import registry
from challengeflow.reporting.show import prepared_lines

TEMPLATES = Path(__file__).parent / "templates"
PLACEHOLDER = "PACKAGE"  # in the paths of the templates: the import name


def challenge(name: str, into: str | None) -> None:
    """Write the package of a challenge with demo data, a model, a score and a submission."""
    found = registry()
    check_name("challenge", name)
    if name in found.challenges:
        raise InputError(
            f"there is a challenge {name!r} already, of the plugin {found.owner[name]!r}; choose another name"
        )
    _write("challenge", name, into, {})


def model(name: str, challenge: str, into: str | None) -> None:
    """Write the package of a model for a challenge that is installed."""
    found = registry()
    check_name("model", name)
    served = found.challenge(challenge)
    if (challenge, name) in found.models:
        owner = found.owner[challenge, name]
        raise InputError(f"{challenge} has a model {name!r} already, of the plugin {owner!r}; choose another name")
    if name == "ensemble" or name.startswith("control-"):
        raise InputError(f"{name!r} is what the workflow calls a model of its own; choose another name")
    demos = [dataset.name for dataset in served.datasets if "demo" in dataset.sources]
    if not demos:
        raise InputError(f"{challenge} has no dataset with a demo, which the tests of a new model run on")
    facts = {"challenge": challenge, "dataset": demos[0], "prepared": _wrapped(prepared_lines(served))}
    _write("model", name, into, facts)


def _wrapped(lines: list[str]) -> list[str]:
    """Lines of a list in a docstring, none too long."""
    return [textwrap.fill(line, 116, subsequent_indent="  ", break_long_words=False) for line in lines]


def _write(kind: str, name: str, into: str | None, facts: dict[str, Any]) -> None:
    import jinja2

    plugin = f"{facts['challenge']}-{name}" if kind == "model" else name  # two challenges may have models of one name
    folder = Path(into or f"challengeflow-{plugin}")
    if plugin in registry().distribution:
        raise InputError(f"there is a plugin {plugin!r} already; choose another name")
    if folder.exists():
        raise InputError(f"{folder} is there already; name another folder with --into, or remove it")
    package = f"challengeflow_{plugin.replace('-', '_')}"
    facts |= {
        "name": name,
        "plugin": plugin,
        "package": package,
        "contract": CONTRACT,
        "version": __version__,
        "requirements": _requirements(),
    }
    facts["class"] = "".join(part.capitalize() for part in re.split(r"[-_]", name))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / kind),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    for template in environment.list_templates():
        target = folder / template.removesuffix(".j2").replace(PLACEHOLDER, package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(environment.get_template(template).render(facts))
    print(f"{folder} is a working plugin; {folder / 'README.md'} says how to go on")


def _requirements() -> dict[str, str]:
    """What the core needs at run time, with the versions that are installed: name as conda-forge writes it ->
    version."""
    needed = [line for line in importlib.metadata.requires("challengeflow") or () if "extra ==" not in line]
    names = [re.split(r"[^\w.-]", line)[0] for line in needed]
    return {name.lower(): importlib.metadata.version(name) for name in names}
