"""Models that travel, from the demo of each challenge: `python benchmarks/model_packages.py FOLDER [CHALLENGE...]`.

Trains a small demo, answers a folder of data beside it, and exports the models. Then, in a virtual environment with
nothing of this clone but its wheels, in another folder, without a config and without a network, it installs the package
and answers the same data. Prints the size of each package, the seconds from `model install` to the answers, and whether
predictions and answers are identical, byte for byte; ends with 1 where they are not.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from outside.second_venv import Outside, make_outside
from wheels import build_wheels

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NOTES = (".provenance.json", ".snakemake_timestamp")
# dataset, variant, parts of the config, the files of the demo that become data of one's own
DEMOS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "clog-loss": ("nano", "roi-features", {"download": {"demo_videos": 24}}, "raw/test-000/*.mp4"),
    "mabe-task1": (
        "task1",
        "pose-boosting",
        {"models": {"pose-boosting": {"parameters": {"parts": 2}}}},
        "archives/aicrowd/test.npy",
    ),
    "mood": (
        "brain",
        "pca-residual",
        {"download": {"demo_size": 40, "demo_train": 16, "demo_toy": 5}, "preprocess": {"grid": 32}},
        "raw/test-000/*.nii.gz",
    ),
}


def main(folder: Path, challenges: Iterable[str]) -> int:
    folder.mkdir(parents=True)
    build_wheels(folder / "wheels", *(f"plugins/{challenge}" for challenge in challenges))
    outside = make_outside(folder / "outside")
    installed = outside.run("pip", "install", "--no-deps", *map(str, (folder / "wheels").glob("*.whl")))
    assert installed.returncode == 0, installed.stderr
    where = outside.run(str(outside.python), "-c", "import challengeflow; print(challengeflow.__file__)").stdout
    assert where.startswith(str(outside.folder)), where
    print("| challenge | model | package, kB | seconds to the answers | identical |\n|---|---|---|---|---|", flush=True)
    same = [travel(folder, challenge, outside) for challenge in challenges]
    return 0 if all(same) else 1


def travel(folder: Path, challenge: str, outside: Outside) -> bool:
    """Train here, answer there; whether all is identical."""
    dataset, variant, _, _ = DEMOS[challenge]
    there = trained(folder / "trained" / challenge, challenge)
    package = there / "model.zip"
    run([BIN / "challengeflow", "model", "export", f"{challenge}/{dataset}/{variant}", "--to", package], there)
    here = folder / "elsewhere" / challenge
    here.mkdir(parents=True)
    shutil.copytree(there / "own", here / "own")
    shelf = {"CHALLENGEFLOW_MODELS": str(folder / "shelf")}
    started = time.monotonic()
    for words in (
        ["model", "install", str(package)],
        ["answer", f"{challenge}-{dataset}-{variant}", "own", "--to", "."],
    ):
        command = [*offline(), "env", *(f"{key}={value}" for key, value in shelf.items()), "challengeflow", *words]
        done = outside.run(*command, cwd=here)
        assert done.returncode == 0, done.stderr
    seconds = time.monotonic() - started
    results = [each / "results" / challenge for each in (there, here)]
    answers = [path.relative_to(results[1]) for path in (results[1] / "submissions").glob("*/own-*") if path.is_dir()]
    places = [*answers, f"{dataset}/{variant}/predictions/own"]
    identical = answers != [] and all(files(results[0] / each) == files(results[1] / each) != {} for each in places)
    size, said = package.stat().st_size / 1000, "yes" if identical else "no"
    print(f"| {challenge} | {variant} | {size:.0f} | {seconds:.1f} | {said} |", flush=True)
    return identical


def trained(folder: Path, challenge: str) -> Path:
    """Run the demo, with some of its files as data of one's own beside it."""
    dataset, variant, more, own = DEMOS[challenge]
    section = {"controls": False, "datasets": {dataset: {"source": "demo", "folds": 2}}, "models": {variant: {}}} | more
    folder.mkdir(parents=True)
    snakemake(folder, challenge, section, f"{dataset}/{own.rpartition('/')[0]}")
    (folder / "own").mkdir()
    for path in (folder / "results" / challenge / dataset).glob(own):
        shutil.copy(path, folder / "own")
    section["datasets"]["own"] = {"source": "own", "trained_on": dataset}
    snakemake(folder, challenge, section)
    return folder


def snakemake(folder: Path, challenge: str, section: dict[str, Any], *wanted: str) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump({"keep_raw": True, "challenges": {challenge: section}}))
    targets = [f"results/{challenge}/{each}" for each in wanted] or [challenge]
    command = [BIN / "snakemake", "-s", ROOT / "Snakefile", "--configfile", "config.yaml", "--cores", "2", "--quiet"]
    run([*command, "all", "--", *targets], folder)


def run(command: list[Any], folder: Path) -> None:
    environment = os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    done = subprocess.run([*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}")


def offline() -> list[str]:
    """What takes the network away from a command, where this system can."""
    command = ["unshare", "--map-root-user", "--net"]
    able = shutil.which("unshare") and not subprocess.run([*command, "true"], capture_output=True).returncode
    return command if able else []


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, without the notes."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(NOTES))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or list(DEMOS)))
