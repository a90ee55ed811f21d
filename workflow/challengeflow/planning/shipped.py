"""Where the workflow is that came with this package: its Snakefile, rules, envs, profiles, captions and examples."""

from pathlib import Path

from challengeflow.contract.errors import InputError

PACKAGE = Path(__file__).parents[1]


def shipped() -> Path:
    """The folder of the Snakefile, with `workflow/`, `envs/`, `profiles/` and `examples/` beside it.

    Part of the package where a wheel was installed (setup.py), the clone itself where an editable install leads to one.
    Raises InputError where neither is there.
    """
    for folder in (PACKAGE / "shipped", PACKAGE.parents[1]):
        if (folder / "Snakefile").is_file():
            return folder
    raise InputError(f"{PACKAGE} has no Snakefile; install challengeflow from its wheel or from a clone, with pip")


def shipped_names(folder: str) -> list[str]:
    """What there is in a folder of it, without suffixes: `profiles` gives apptainer, conda, default, slurm."""
    return sorted(path.stem for path in (shipped() / folder).iterdir())
