"""The build context of the submission `docker`: four scripts, the models, and the code and libraries that run them."""

import csv
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow import Answers, InputError
from challengeflow.arrays import Arrays
from challengeflow.scoring import write_json
from challengeflow_mood.docker.carried_code import carried, licences, pinned

TASKS = ("sample", "pixel")
DATASETS = ("brain", "abdom")
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
export HOME="$2" TMPDIR="$2"
export OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
exec python3 -m challengeflow_mood.docker.infer {task} "$1" "$2" "$here/models/{dataset}"
"""
DOCKERFILE = """# {what}
FROM python:{python}-slim
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt /workspace/requirements.txt
RUN pip install --no-cache-dir {index}-r /workspace/requirements.txt
COPY . /workspace
WORKDIR /workspace
"""
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu "


def write_context(answers: Mapping[str, Answers], context: Path) -> None:
    """Write the build context into the folder `context`; InputError where a dataset or a model's plugin is missing."""
    missing = set(DATASETS) - set(answers)
    if missing:
        raise InputError(
            f"the submission 'docker' needs a model for {' and '.join(sorted(missing))} too; name it in the config"
        )
    context.mkdir(parents=True)
    modules = {"challengeflow_mood.docker.infer"}
    for dataset in DATASETS:
        modules |= write_model(context / "models" / dataset, dataset, answers[dataset])
        for task in TASKS:
            script = context / f"run_{task}_{dataset}.sh"
            script.write_text(SCRIPT.format(task=task, dataset=dataset, name=script.name), newline="\n")
            script.chmod(0o755)
    files, libraries = carried(sorted(modules))
    for place, source in files.items():
        (context / "src" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, context / "src" / place)
    requirements = pinned(libraries)
    (context / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements))
    with open(context / "licences.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("distribution", "version", "licence"))
        writer.writerows(licences(requirements))
    _write_dockerfiles(context, requirements)


def write_model(folder: Path, dataset: str, answers: Answers) -> set[str]:
    """Write the models behind a dataset's answers and ensemble.json into `folder`; the modules that predict with them.

    ensemble.json: the grid, the decision, and each member's module, parameters, weight and model folders.
    """
    members: list[dict[str, Any]] = []
    for number, member in enumerate(answers.members):
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
                "module": member.module,
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
    return {member["module"] for member in members}


def _write_dockerfiles(context: Path, requirements: list[str]) -> None:
    """Dockerfile for the CPU and, where a model uses PyTorch, Dockerfile.cuda: its plain wheels bring CUDA along."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    torch = any(line.startswith("torch==") for line in requirements)
    texts = {"Dockerfile": DOCKERFILE.format(what="CPU", python=python, index=CPU_INDEX if torch else "")}
    if torch:
        what = "CUDA: needs the NVIDIA driver and container toolkit on the host, and `docker run --gpus all`"
        texts["Dockerfile.cuda"] = DOCKERFILE.format(what=what, python=python, index="")
    for name, text in texts.items():
        (context / name).write_text(text)


def _grid(answers: Answers) -> int:
    for shard in answers.shards:
        prepared = Arrays(shard.prepared)
        for sample in prepared:
            return int(prepared.attributes(sample)["shape"][-1])
    raise InputError(f"{answers.dataset!r} has no test case; the submission needs one to be proven on")
