"""What runs inside the image: `python -m challengeflow_mood.docker.infer TASK IN_DIR OUT_DIR MODEL_DIR`.

The same code as the stages: read, align, predict, bring back. First every case gets an answer that is safe, before any
is opened: the score 0, or a map of one voxel, 0, which the organisers' scorer takes for a map of zeros, as it does one
that is missing; then a map of zeros of the scan's own shape; then an answer by the cheap model where there is one; then
the real one. Each replaces the one before in a single step. So whatever a case does, even if it ends the process, every
case has an answer, and no case is worse for another. Each case that keeps a safe answer is named with its reason on
stderr, and the exit status stays 0: the other cases' answers are to count. Only OUT_DIR is written.
A case that passes its deadline keeps the answer it has: MOOD_DEADLINE seconds, 420 of the organisers' 600 by default.
"""

import contextlib
import importlib
import importlib.util
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from challengeflow import InputError, PredictJob, Progress, Sample, Shard, write_samples
from challengeflow.arrays import Predictions, Writer
from challengeflow_mood.answers.maps import case_score, map_name, write_map
from challengeflow_mood.data.images import open_scan
from challengeflow_mood.data.official_layout import is_scan
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import read_scan
from challengeflow_mood.scoring import decision

SAFE_SCORE = 0.0
CHEAP = "pca-residual"
DEADLINE = 420.0
PLACES = (
    "HOME",
    "MPLCONFIGDIR",
    "NUMBA_CACHE_DIR",
    "TMPDIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "TORCH_HOME",
    "TRITON_CACHE_DIR",
    "XDG_CACHE_HOME",
)
"""Environment variables that say where libraries may write."""


class DeadlinePassed(BaseException):
    """A case took too long. No Exception, so that a model that survives its own errors does not take it for one."""


def answer_folder(task: str, inputs: Path, outputs: Path, model: Path, deadline: float = DEADLINE) -> int:
    """Answer every scan in `inputs`; the number of scans that kept the safe answer, or the cheap model's.

    task "pixel": a map NAME of the scan's own shape and affine; task "sample": NAME.txt with one number in [0, 1].
    model: the folder that `build_context.write_model` wrote. deadline: seconds a case.
    """
    if task not in ("pixel", "sample"):
        raise InputError(f"the task is {task!r}; expected 'pixel' or 'sample'")
    names = sorted(path.name for path in inputs.iterdir() if is_scan(path.name))
    if not names:
        raise InputError(f"{inputs} holds no scan; expected .nii.gz files")
    ensemble = json.loads((model / "ensemble.json").read_text())
    cheap = [member for member in ensemble["members"] if member["model"] == CHEAP]
    for name in names:
        _write_safe(task, name, outputs)
    passes: list[tuple[str, list[dict[str, Any]]]] = [("a map of zeros", [])] if task == "pixel" else []
    if cheap and len(ensemble["members"]) > 1:
        passes.append((f"the answer of {CHEAP}", cheap))
    passes.append(("the answer", ensemble["members"]))
    failed: set[str] = set()
    spent = dict.fromkeys(names, 0.0)
    with _work(outputs) as work:
        for what, members in passes:
            for name in names:
                started = time.monotonic()
                outcome = what
                try:
                    with _deadline(deadline - spent[name]):
                        if members:
                            _answer(task, inputs / name, outputs, model, ensemble | {"members": members}, work)
                        else:
                            _write_zeros(inputs / name, outputs)
                except (Exception, DeadlinePassed) as error:
                    failed.add(name)
                    outcome = f"not {what}, {str(error) or type(error).__name__}"
                spent[name] += time.monotonic() - started
                print(f"{name}: {outcome} after {spent[name]:.1f} s", file=sys.stderr, flush=True)
    return len(failed)


@contextlib.contextmanager
def _work(outputs: Path) -> Iterator[Path]:
    """A folder for intermediate files in `outputs`, the only place that can be written; gone at the end."""
    work = Path(tempfile.mkdtemp(prefix=".work-", dir=outputs))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise DeadlinePassed in the block once `seconds` have passed."""

    def passed(number: int, frame: FrameType | None) -> NoReturn:
        raise DeadlinePassed("the deadline has passed")

    before = signal.signal(signal.SIGALRM, passed)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _write_safe(task: str, name: str, outputs: Path) -> None:
    """An answer to a scan that is not even opened."""
    if task == "sample":
        _write_text(outputs / f"{name}.txt", SAFE_SCORE)
    else:
        write_map(None, {"original": [1, 1, 1], "affine": np.eye(4), "header": None}, outputs / map_name(name))


def _write_zeros(scan: Path, outputs: Path) -> None:
    """A map of zeros of the scan's own shape, of which the header alone is read; of a series, of one volume."""
    opened = open_scan(scan)
    shape = opened.shape if math.prod(opened.shape[3:]) == 1 else opened.shape[:3]
    facts = {"original": list(shape), "affine": opened.affine, "header": None}
    write_map(None, facts, outputs / map_name(scan.name))


def _answer(task: str, scan: Path, outputs: Path, model: Path, ensemble: dict[str, Any], work: Path) -> None:
    facts, arrays = prepare(read_scan(scan), ensemble["grid"])
    scores = _predict(facts, arrays, model, ensemble, work)
    if task == "sample":
        value = decision.probability(ensemble["decision"], case_score(scores[0], facts))
        _write_text(outputs / f"{scan.name}.txt", value)
    else:
        write_map(scores[0], facts, outputs / map_name(scan.name))


def _predict(facts: dict, arrays: dict, model: Path, ensemble: dict[str, Any], work: Path) -> np.ndarray:
    """Weighted mean of the members' predictions for one prepared scan, by the models' own predict stage.

    In the members' dtype, as the core's ensemble writes it: the same numbers.
    """
    folder = Path(tempfile.mkdtemp(dir=work))
    write_samples(folder, [Sample("case", "test", "case")])
    with Writer(folder / "prepared") as out:
        out.add("case", facts, **arrays)
    shard = Shard("test-0", "test", None, folder / "samples.csv", folder / "prepared")
    scores, weights = [], []
    for number, member in enumerate(ensemble["members"]):
        (folder / "work").mkdir(exist_ok=True)
        job = PredictJob(
            challenge="mood",
            dataset=ensemble["dataset"],
            parameters=member["parameters"],
            seed=0,
            threads=1,
            device=_device(),
            work=folder / "work",
            progress=Progress("predict"),
            model=member["model"],
            models=tuple(model / name for name in member["folders"]),
            shard=shard,
            output=folder / f"member-{number}",
        )
        importlib.import_module(member["module"]).predict(job)
        scores.append(np.array(Predictions(job.output)["case"]))
        weights.append(member["weight"])
    shutil.rmtree(folder)
    if len(scores) == 1:
        return scores[0]
    mean = np.average([each.astype(np.float32) for each in scores], axis=0, weights=weights)
    return mean.astype(scores[0].dtype)


def _device() -> str:
    """cuda where the image has PyTorch and the host gave it a GPU."""
    if importlib.util.find_spec("torch") is None:
        return "cpu"
    torch = importlib.import_module(
        "torch"
    )  # no import statement: a package brings PyTorch where a model's code imports it
    return "cuda" if torch.cuda.is_available() else "cpu"


def _write_text(target: Path, value: float) -> None:
    part = target.with_name(f".{target.name}.part")
    part.write_text(f"{value!r}\n")
    os.replace(part, target)


def main(arguments: list[str]) -> None:
    """Run from the command line; what libraries keep for themselves (caches, settings) goes to a folder that is
    removed.
    """
    task, (inputs, outputs, model) = arguments[0], (Path(argument) for argument in arguments[1:4])
    deadline = float(os.environ.get("MOOD_DEADLINE", DEADLINE))
    with _work(outputs) as scratch:
        os.environ.update(dict.fromkeys(PLACES, str(scratch)))
        tempfile.tempdir = str(scratch)
        answer_folder(task, inputs, outputs, model, deadline)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (InputError, IndexError, ValueError) as error:
        sys.exit(f"infer: {error}")
