"""The submission `docker`: a build context with four scripts, the models and the code that runs them, and its proof."""

import importlib
import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays
from challengeflow.scoring import write_json
from challengeflow_mood import checks, proof

OWN_REQUIREMENTS = ("nibabel", "numpy", "pluggy", "scipy", "threadpoolctl")
SCRIPT = """#!/bin/sh
# {task} scores of {dataset}: {name} IN_DIR OUT_DIR
# Everything but OUT_DIR may be read-only, and there may be no network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "$#" -ne 2 ]; then
    echo "usage: $0 IN_DIR OUT_DIR" >&2
    exit 2
fi
export PYTHONPATH="$here/src" PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
export HOME="$2" TMPDIR="$2" XDG_CACHE_HOME="$2" MPLCONFIGDIR="$2" NUMBA_CACHE_DIR="$2" TORCH_HOME="$2"
exec "${{PYTHON:-python3}}" -m challengeflow_mood.infer {task} "$1" "$2" "$here/models/{dataset}"
"""
DOCKERFILE = """FROM python:3.11-slim
COPY requirements.txt /workspace/requirements.txt
RUN pip install --no-cache-dir -r /workspace/requirements.txt
COPY . /workspace
WORKDIR /workspace
"""
README = """# MOOD submission {name}

Build, run as the organisers do, and hand in:

    docker build -t mood-{name} context
    docker run --network none --read-only -v /abs/in:/mnt/data:ro -v /abs/out:/mnt/pred mood-{name} \\
        /workspace/run_pixel_brain.sh /mnt/data /mnt/pred
    docker tag mood-{name} docker.synapse.org/SYNAPSE_PROJECT/mood-{name}
    docker push docker.synapse.org/SYNAPSE_PROJECT/mood-{name}

Paths must be absolute and the output folder writable for the container's user. Add `--gpus all` if a model uses one;
this image computes on the CPU. `proof.json` says how far the scripts were run and checked here, and what was not:
the image itself is built by you.

`answers_brain.csv` and `answers_abdom.csv` hold the calibrated score and answer of every test case.
"""


def write(job: PackageJob) -> None:
    """Write context, README.md and proof.json into `job.output`; InputError when a script or its output is wrong."""
    missing = {"brain", "abdom"} - set(job.answers)
    if missing:
        raise InputError(
            f"the submission 'docker' needs a model for {' and '.join(sorted(missing))} too; name it in the config"
        )
    context = job.output / "context"
    (context / "src").mkdir(parents=True)
    packages = {"challengeflow", "challengeflow_mood"}
    for dataset, answers in sorted(job.answers.items()):
        packages |= write_model(context / "models" / dataset, dataset, answers)
        for task in ("sample", "pixel"):
            script = context / f"run_{task}_{dataset}.sh"
            script.write_text(SCRIPT.format(task=task, dataset=dataset, name=script.name), newline="\n")
            script.chmod(0o755)
    for package in sorted(packages):
        _copy_package(package, context / "src" / package)
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "requirements.txt").write_text("".join(f"{line}\n" for line in _requirements(packages)))
    (job.output / "README.md").write_text(README.format(name=job.name))
    checks.check_scripts(context)
    write_json(job.output / "proof.json", proof.run(job, context))


def write_model(folder: Path, dataset: str, answers: Answers) -> set[str]:
    """Write the models behind a dataset's answers and ensemble.json into `folder`; the packages that run them.

    ensemble.json: the grid, the decision, and each member's module, parameters, weight and model folders.
    """
    members, packages = [], set()
    for number, member in enumerate(answers.members):
        module = _module_of(member.model)
        packages.add(module.split(".")[0])
        names = []
        for at, source in enumerate(member.models):
            names.append(f"member-{number}/model-{at}")
            shutil.copytree(
                source,
                folder / names[-1],
                copy_function=shutil.copyfile,
                ignore=shutil.ignore_patterns(".snakemake_timestamp"),
            )
        members.append(
            {
                "model": member.model,
                "module": module,
                "parameters": dict(member.parameters),
                "weight": member.weight,
                "folders": names,
            }
        )
    ensemble = {
        "dataset": dataset,
        "grid": _grid(answers),
        "decision": json.loads(answers.decision.read_text()),
        "members": members,
    }
    write_json(folder / "ensemble.json", ensemble)
    return packages


def _grid(answers: Answers) -> int:
    for shard in answers.shards:
        prepared = Arrays(shard.prepared)
        for sample in prepared:
            return int(prepared.attributes(sample)["shape"][-1])
    raise InputError(f"{answers.dataset!r} has no test case; the submission needs one to be proven on")


def _module_of(model: str) -> str:
    """The module that predicts with a model, of this plugin or any other that serves mood."""
    for entry in importlib.metadata.entry_points(group="challengeflow"):
        try:
            declared: list[Any] = getattr(entry.load(), "models", list)()
        except Exception:  # a broken plugin is the core's to report; it cannot be the one whose model was trained
            continue
        for candidate in declared:
            if candidate.name == model and candidate.challenge == "mood":
                return candidate.module
    from challengeflow_mood import models

    for candidate in models():
        if candidate.name == model:
            return candidate.module
    raise InputError(f"no installed plugin declares the mood model {model!r}; install the one that trained it")


def _copy_package(name: str, target: Path) -> None:
    """The package's Python files, in their folders; tests and caches stay behind."""
    source = Path(importlib.import_module(name).__file__).parent
    for path in sorted(source.rglob("*.py")):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _requirements(packages: set[str]) -> list[str]:
    """What the image installs, at the versions that ran here: this plugin's, and those of the packages that predict."""
    names = set(OWN_REQUIREMENTS)
    distributions = importlib.metadata.packages_distributions()
    for package in packages - {"challengeflow", "challengeflow_mood"}:
        for distribution in distributions.get(package, []):
            for line in importlib.metadata.requires(distribution) or []:
                name = line.split(";")[0].split("[")[0].split("<")[0].split(">")[0].split("=")[0].split("~")[0].strip()
                if "extra" not in line and not name.startswith("challengeflow"):
                    names.add(name)
    return [f"{name}=={importlib.metadata.version(name)}" for name in sorted(names)]
