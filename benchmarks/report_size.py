"""How long the report of a large run takes and how large it gets: `python benchmarks/report_size.py FOLDER`.

Makes up what 50 models on 10,000 samples leave behind (scores, pictures, curves, notes, benchmarks) below FOLDER and
writes the report of it, in a process of its own. Target: under 30 s and under 20 MB.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imsave

from challengeflow.arrays import Writer
from challengeflow.planning.part_file import write_part
from challengeflow.planning.plan import Plan
from challengeflow.planning.settings import challenge_settings
from challengeflow.running.provenance import SUFFIX, machine
from challengeflow.running.warn import of_generated_data, put_first

FOLDS, SHARDS = 5, 2
KINDS = {"control-perfect": 1.0, "control-random": 0.5}


def subject(folder: Path, models: int) -> dict[str, Any]:
    """What a planner says of a run of that many models of one made-up challenge."""
    variants: dict[str, Any] = {
        f"model-{number:02d}": {
            "kind": "trained",
            "model": "guess",
            "parameters": {"depth": number, "rate": 0.1, "layers": [64, 32]},
            "seed": 1,
            "refit": False,
        }
        for number in range(models)
    }
    variants["both"] = {"kind": "ensemble", "model": "ensemble", "members": dict.fromkeys(list(variants)[:2], 1.0)}
    variants["both"]["refit"] = False
    variants |= {name: {"kind": "control", "model": name, "refit": False} for name in KINDS}
    dataset = {
        "source": "demo",
        "splits": {"train": "train", "test": "answered"},
        "gold": ["train", "test"],
        "archives": [],
        "extends": None,
        "folds": FOLDS,
        "shards": {"train": SHARDS, "test": SHARDS},
        "trained_on": None,
        "parameters": {stage: {} for stage in ("download", "preprocess", "score", "package")},
    }
    mine = dataset | {"source": "/data/mine", "splits": {"test": "answered"}, "gold": [], "trained_on": "one"}
    about = {
        "title": "A made-up challenge",
        "url": "https://example.org",
        "licence": "CC0",
        "citation": "Nobody (2026)",
        "metric": "accuracy",
        "metric_is": "share of right answers",
        "chance": "0.5",
        "best": 1.0,
        "direction": "higher",
        "draws": True,
        "parameters": {"guess": {"depth": "how deep it guesses"}},
        "terms": {"samples": "how many there were"},
        "submissions": {
            "csv": {"summary": "answers", "file": "submission.csv", "table": ""},
            "answers": {"summary": "answers for people", "file": "", "table": "answers.csv"},
        },
        "datasets": {"one": "1,413 videos"},
        "models": {"guess": "guesses <well>"},
    }
    common = {"results": str(folder), "seed": 1, "device": "cpu", "max_failed": 0.05}
    part = common | {"datasets": {"one": dataset, "mine": mine}, "models": variants}
    part["submissions"] = {"csv": {"one": {"one": "both"}}, "answers": {"mine-both": {"mine": "both"}}}
    return {"results": str(folder), "challenges": {"made-up": part | {"about": about}}}


def make_up(folder: Path, models: int, samples: int, pixels: int = 150) -> dict[str, Any]:
    """Write the files of a run into `folder`; pixels: side of a picture's noise, which compresses badly."""
    about, random = subject(folder, models), np.random.default_rng(0)
    plan = Plan("made-up", challenge_settings(about["challenges"]["made-up"]))
    splits = ["train" if number % 3 else "test" for number in range(samples)]
    _write(
        plan.layout.samples("one"), "sample,split,group\n", *(f"s{n},{s},g{n // 20}\n" for n, s in enumerate(splits))
    )
    for shard in plan.shards("one"):
        rows = (f"s{number},{shard.split},g\n" for number in range(samples // len(plan.shards("one"))))
        _write(plan.index(shard), "sample,split,group\n", *rows)
        _benchmark(plan.layout.benchmark("preprocess", "one", shard.name), 3.0)
    for place, name in enumerate(plan.models):
        score = KINDS.get(name, 0.6 + 0.3 * place / len(plan.models))
        _variant(plan, name, score, samples, pixels, random)
    _write(f"{plan.layout.submission('csv', 'one')}/submission.csv", "sample,answer\n")
    _answers(plan, pixels, random)
    _write(f"{folder}/leaderboard.csv", "challenge\n")
    about["challenges"]["made-up"]["benchmarks"] = _benchmarks(folder)
    return about


def _benchmarks(folder: Path) -> list[list[str]]:
    """Stage, dataset, variant and file of every benchmark, as the list of jobs has them."""
    found = []
    for path in sorted((folder / "benchmarks/made-up").rglob("*.tsv")):
        dataset, variant, *_ = path.relative_to(folder / "benchmarks/made-up").parts
        found.append([path.stem, dataset, variant if path.stem in ("train", "predict", "control") else "", str(path)])
    return found


def _variant(plan: Plan, name: str, score: float, samples: int, pixels: int, random: np.random.Generator) -> None:
    entry = {"score": score, "interval": [score - 0.02, score + 0.02]}
    classes = {f"class {k}": {"f1": score, "precision": score, "recall": score} for k in range(8)}
    detail = {"samples": samples, "per_class": classes, "warnings": ["few groups"]}
    detail["references"] = [{"system": "a paper", "score": 0.8, "source": "its table 2"}]
    failed = [{"sample": f"s{number}", "reason": "file missing"} for number in range(0, samples, 25)]
    scores = {"splits": {"train": entry | {"detail": detail}, "test": entry | {"detail": {"samples": samples}}}}
    paths = [plan.layout.scores("one", name)]
    _write(paths[0], json.dumps(scores | {"failed": failed}))
    _write(plan.layout.decision("one", name), "{}")
    for shard in plan.shards("one"):
        paths.append(plan.predictions("one", name, shard))
        if plan.models[name].kind != "control":
            _benchmark(plan.layout.benchmark("predict", "one", name, "one", shard.name), 2.0)
    if plan.models[name].kind == "control":
        _benchmark(plan.layout.benchmark("control", "one", name), 2.0)
    else:
        pictures = Path(plan.layout.pictures("one", name))
        paths.append(str(pictures))
        _pictures(pictures, name, pixels, random)
    if plan.models[name].kind == "trained":
        paths += plan.fold_models("one", name)
        for fold in range(FOLDS):
            _benchmark(plan.layout.benchmark("train", "one", name, f"fold-{fold}"), 60.0)
    note = {"seconds": 2.5, "peak_memory_mb": 300.0, "code": "0123456789abcdef", "seed": 1, "sha256": "0" * 64}
    note |= {"versions": {"python": "3.11"}, "machine": machine(), "ended": "2026-01-01T00:00:00+00:00"}
    for path in paths:
        _write(path + SUFFIX, json.dumps(note))


def _answers(plan: Plan, pixels: int, random: np.random.Generator) -> None:
    """Of data of one's own: a table, a picture, what is warned of, and a sample that could not be read."""
    folder = Path(plan.layout.submission("answers", "mine-both"))
    _write(folder / "answers.csv", "sample,score,answer\n", "a,0.25,no\n", "b,,<unknown>\n")
    imsave(folder / "surest.png", random.random((pixels, pixels)), cmap="gray")
    put_first(folder, of_generated_data(plan, ["mine"]))
    _write(plan.layout.samples("mine"), "sample,split,group\n", "a,test,a\n", "b,test,b\n")
    with Writer(Path(plan.prepared(plan.shards("mine")[0]))) as prepared:
        prepared.add("a", {"status": "ok"})
        prepared.add("b", {"status": "the file is empty"})


def _pictures(folder: Path, name: str, pixels: int, random: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = [f"{number}.png" for number in range(6)]
    for file in files:
        imsave(folder / file, random.random((pixels, pixels)), cmap="gray")
    x = np.linspace(0, 1, 100)
    lines = [{"name": f"fold {f}", "x": x.tolist(), "y": random.random(100).cumsum().tolist()} for f in range(FOLDS)]
    curve = {"caption": "Made up.", "x_label": "epoch", "y_label": "loss", "lines": lines}
    entries: list[dict[str, Any]] = [
        {"title": "Slices", "caption": name, "alt": "noise", "files": files[1:], "opens_at": 2}
    ]
    entries += [{"title": "Worst", "caption": name, "alt": "noise", "files": files[:1]}]
    entries += [{"title": title} | curve for title in ("Loss", "Precision", "Calibration")]
    _write(f"{folder}/pictures.json", json.dumps(entries))


def _benchmark(path: str, seconds: float) -> None:
    header = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    _write(path, header, f"{seconds}\t0:00:01\t200.5\t1\t1\t1\t0\t0\t90\t{seconds}\n")


def _write(path: str | Path, *lines: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(lines))


def main() -> None:
    """Make it up, write its report, tell time and size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    about = make_up(options.folder / "results", options.models, options.samples)
    started = time.monotonic()
    command = [sys.executable, "-m", "challengeflow.cli", "report", "--config", write_part(about)]
    subprocess.run(command, check=True)
    seconds, size = time.monotonic() - started, (options.folder / "results/report.html").stat().st_size
    print(f"{options.models} models, {options.samples} samples: {seconds:.1f} s, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
