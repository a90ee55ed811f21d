"""Kill `challengeflow run` again and again, at random moments, and compare what it ends with to an undisturbed run.

    python tests/launching/kill_runs.py FOLDER [--config FILE] [--group 20] [--leader 10] [--seed 1]

FOLDER is new: `undisturbed` and `killed` are made in it. SIGKILL goes to the whole process group, or to the leader
alone, whose jobs then go on. Each time the very same command must go on; at the end all bytes must be the same, but for
logs and times. `make test-kills` does it on the demo of all three challenges; make test does a small part on the
digits.
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

SMALL = Path(__file__).with_name("small_demo.yaml")
COMMAND = [str(Path(sys.executable).with_name("challengeflow")), "run"]
VARYING = ("logs", "benchmarks", ".work", "report.html")
STAGE = re.compile(r"challengeflow (download|preprocess|train|predict|control|score|draw|package|leaderboard|report) ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--config", type=Path, default=SMALL, help="config file; a small demo of all three challenges")
    parser.add_argument("--group", type=int, default=20, help="kills of the whole process group")
    parser.add_argument("--leader", type=int, default=10, help="kills of the leader alone")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in ("undisturbed", "killed"):
        (options.folder / name).mkdir(parents=True)
        shutil.copy(options.config, options.folder / name / "config.yaml")
    seconds = undisturbed(options.folder / "undisturbed", os.environ)
    print(f"undisturbed: {seconds:.0f} s", flush=True)
    kinds = ["group"] * options.group + ["leader"] * options.leader
    struck = killed(options.folder / "killed", kinds, seconds / 6, options.seed, os.environ)
    compare(options.folder / "undisturbed", options.folder / "killed")
    print(f"{len(kinds)} kills, the same bytes; at work were: {dict(struck.most_common())}")


def undisturbed(folder: Path, environment: Mapping[str, str]) -> float:
    """Run to the end; the seconds it took."""
    started = time.monotonic()
    done = subprocess.run(COMMAND, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return time.monotonic() - started


def killed(folder: Path, kinds: list[str], seconds: float, seed: int, environment: Mapping[str, str]) -> Counter[str]:
    """Start the run once a kill, kill it after up to so many seconds, and let it end; how often which stage was at
    work.

    A run that ends before it is killed is made anew: results go, and the next starts from nothing.
    """
    draw = random.Random(seed)
    kinds, struck = draw.sample(kinds, len(kinds)), Counter[str]()
    while kinds:
        with open(folder / "said.txt", "a") as said:
            run = subprocess.Popen(
                COMMAND, cwd=folder, env=environment, stdout=said, stderr=said, start_new_session=True
            )
        try:
            status = run.wait(draw.uniform(0, seconds))
            assert status == 0, f"it did not go on:\n{(folder / 'said.txt').read_text()[-4000:]}"
            shutil.rmtree(folder / "results")
        except subprocess.TimeoutExpired:
            stages = at_work(run.pid)
            kind = kinds.pop()
            (os.killpg if kind == "group" else os.kill)(run.pid, signal.SIGKILL)
            run.wait()
            struck.update(stages or {"none": 1})
            print(f"killed the {kind}, at work: {', '.join(sorted(stages)) or 'none'}", flush=True)
    undisturbed(folder, environment)
    return struck


def at_work(session: int) -> Counter[str]:
    """The stages that run in a session, by their command lines."""
    found: Counter[str] = Counter()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and os.getsid(int(process.name)) == session:
                words = (process / "cmdline").read_bytes().decode().split("\0")
                stage = STAGE.search(" ".join(words) + " ")
                if stage and "python" in words[0]:
                    found[stage[1]] += 1
        except OSError:
            continue
    return found


def compare(first: Path, second: Path) -> None:
    """Raise AssertionError where the results differ, and where something half-made is left."""
    left = list((second / "results").rglob("*.part"))
    assert not left, f"left behind: {left}"
    one, two = (hashes(folder / "results") for folder in (first, second))
    differing = sorted(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))
    assert not differing, f"other bytes: {differing}"


def hashes(results: Path) -> dict[str, str]:
    """Path -> hash of everything that two runs must have the same."""
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in VARYING
        and not path.name.endswith(".provenance.json")
        and path.name != ".snakemake_timestamp"
    }


if __name__ == "__main__":
    main()
