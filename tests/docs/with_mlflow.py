"""The MLflow tracker of docs/wrappers.md against a real MLflow server: what a small run of mood leaves there.

    python tests/docs/with_mlflow.py FOLDER

FOLDER is new. Needs a network, for MLflow itself. The server has a virtual environment of its own, the workflow another
that sees the packages of the Python that runs this.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from outside.second_venv import OFFLINE, make_outside
from outside.test_tutorials import blocks

VERSION = "3.17.2"
CONFIG = """\
challenges:
  mood:
    datasets:
      brain: {source: demo, folds: 2}
    download: {demo_size: 32, demo_train: 12, demo_toy: 2}
    preprocess: {grid: 16}
    models: {few: {model: pca-residual, parameters: {components: 2}}}
    submissions: {}
"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    for _, file, content in blocks("wrappers.md"):
        if file.startswith("mlflow/"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
    (folder / "config.yaml").write_text(CONFIG)
    venv = make_outside(folder)
    online = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    pip = [venv.python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--ignore-installed", "--no-deps", "--no-build-isolation", folder / "mlflow"], check=True)
    subprocess.run([*pip, f"mlflow-skinny=={VERSION}"], env=online, check=True)
    with server(folder / "server") as address:
        os.environ["MLFLOW_TRACKING_URI"] = address
        done = venv.challengeflow("run", "mood", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        runs = {run["info"]["run_name"]: run for run in tracked(address)}
    print("\n".join(sorted(runs)))
    trainings = [f"train brain few fold {fold}" for fold in (0, 1)]
    scorings = [f"score brain {variant}" for variant in ("control-perfect", "control-prior", "control-random", "few")]
    assert set(trainings + scorings) <= set(runs)
    assert all(run["info"]["status"] == "FINISHED" for run in runs.values())
    for name in trainings:
        assert {"key": "components", "value": "2"} in runs[name]["data"]["params"]
    written = json.loads((folder / "results/mood/brain/few/scores.json").read_text())["splits"]
    logged = {metric["key"]: metric["value"] for metric in runs["score brain few"]["data"]["metrics"]}
    assert logged == {split: entry["score"] for split, entry in written.items()} and logged
    print("MLflow holds", logged)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A real MLflow server with a database in `folder`; its address."""
    folder.mkdir()
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([folder / "venv/bin/pip", "install", "--quiet", f"mlflow=={VERSION}"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--workers", "1", "--backend-store-uri", "sqlite:///runs.db"]
    command = [folder / "venv/bin/mlflow", "server", *options]
    with open(folder / "log", "w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise SystemExit(f"no answer from {address}")


def tracked(address: str) -> list[dict[str, Any]]:
    """All runs that the server holds of mood, as its own interface gives them."""
    found = ask(address, "experiments/search", {"max_results": 10})["experiments"]
    wanted = [each["experiment_id"] for each in found if each["name"] == "mood"]
    runs: list[dict[str, Any]] = ask(address, "runs/search", {"experiment_ids": wanted})["runs"]
    return runs


def ask(address: str, what: str, question: dict[str, Any]) -> dict[str, Any]:
    data, kind = json.dumps(question).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}/api/2.0/mlflow/{what}", data, kind)) as answer:
        answered: dict[str, Any] = json.load(answer)
    return answered


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
