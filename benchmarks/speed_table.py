"""Every stage of every challenge beside its floor, in CPU seconds: the table of docs/speed.md.

    python benchmarks/speed_table.py --run before --checkout OTHER
    python benchmarks/speed_table.py --run now --before before --into docs/speed.md

Runs the shipped demo (of another checkout with an environment of its own: OTHER/.venv) in the folder `--run`, unless it
is there, with a command in between that notes what each job took: user and system time of the job's process and of all
that it started, which other work on the machine changes little. Beside it, the floor: what the same files take when
they are only decoded, read, or handed to the library that does the work; and how much of a stage are starts of Python
and imports. `--before` is the folder of another run, for a column of its own. `--into` puts the table between the marks
of a page.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
sys.path.append(str(Path(__file__).parent))

from floors import FLOORS, cpu_of, machine, starts_of  # noqa: E402
from noted_jobs import noted, noting  # noqa: E402

START, END = "<!-- by benchmarks/speed_table.py -->", "<!-- end -->"


def demo(checkout: Path, folder: Path) -> dict[str, Any]:
    """Of a run of the demo into `folder`, CPU seconds of the `whole`, and for each of the `stages` ("challenge/stage")
    its number of jobs and their CPU seconds.
    """
    kept = folder / "seconds.json"
    if kept.exists():
        return json.loads(kept.read_text())
    folder.mkdir()
    home = checkout / ".venv/bin" if (checkout / ".venv").is_dir() else Path(sys.executable).parent
    config = yaml.safe_load((checkout / "config.yaml").read_text()) | {"keep_raw": True}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    line = [str(home / "snakemake"), "-s", str(checkout / "Snakefile"), "--cores", "2", "--quiet", "all"]
    line += ["--workflow-profile", str(checkout / "profiles/default")]
    whole = cpu_of(line, cwd=folder, env=noting(folder, home))
    jobs = defaultdict(list)
    for job in noted(folder):
        # The latter two of code in which a control was not yet one job.
        control = job.stage in ("control", "prior") or (job.stage == "predict" and job.further.startswith("control-"))
        if job.stage not in ("leaderboard", "report"):
            jobs[f"{job.target.partition('/')[0]}/{'controls' if control else job.stage}"].append(job.cpu)
    stages = {stage: [len(each), round(sum(each), 2)] for stage, each in jobs.items()}
    kept.write_text(json.dumps({"stages": stages, "whole": round(whole, 1)}, indent=2, sort_keys=True) + "\n")
    return demo(checkout, folder)


def rows(found: dict[str, Any], before: dict[str, Any] | None, folder: Path) -> list[list[str]]:
    """The table's lines: challenge and stage, jobs, CPU seconds (before, now), of them starts, and the floor."""
    table = []
    for key, (jobs, seconds) in sorted(found["stages"].items()):
        challenge, stage = key.split("/")
        starts = starts_of(challenge, stage) * jobs
        floor, took = FLOORS[challenge, stage](folder) if (challenge, stage) in FLOORS else ("", None)
        earlier = before["stages"].get(key) if before else None
        table.append(
            [
                f"{challenge} {stage}",
                str(jobs),
                f"{earlier[1]:.1f}" if earlier else "",
                f"{seconds:.1f}",
                f"{starts:.1f}",
                floor,
                "" if took is None else f"{took:.2f}",
            ]
        )
    earlier = f"{before['whole']:.0f}" if before else ""
    table.append(["the whole demo, with Snakemake", "", earlier, f"{found['whole']:.0f}", "", "", ""])
    return table


def markdown(table: list[list[str]]) -> str:
    head = ["stage", "jobs", "before", "now", "of it starts", "floor", "floor takes"]
    if not any(line[2] for line in table):
        head, *table = ([*line[:2], *line[3:]] for line in [head, *table])
    lines = [head, ["---"] * len(head), *table]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="the code to measure; this one without it")
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER", help="of the demo, made where it is not")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="of another run")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="the page between whose marks the table goes")
    options = parser.parse_args()
    folder = options.run.resolve()
    found = demo(options.checkout.resolve(), folder)
    before = json.loads((options.before / "seconds.json").read_text()) if options.before else None
    text = f"Measured on {machine()}.\n\n" + markdown(rows(found, before, folder))
    if options.into:
        page = options.into.read_text()
        first, rest = page.split(START)
        options.into.write_text(f"{first}{START}\n{text}\n{END}{rest.split(END, 1)[1]}")
    print(text)


if __name__ == "__main__":
    main()
