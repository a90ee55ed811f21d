"""The result table of docs/records/mabe-task1-rats.md, made anew: trains, scores and writes it, by one command.

    python benchmarks/mabe_rats_table.py data/rat-dyads results-rats

The first folder has train.npy, test.npy and sample_submission.npy of the two rats. Runs examples/rat-dyads.yaml with
an ensemble of two beside it; what is done in RESULTS is used again.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/records/mabe-task1-rats.md"
ROWS = {
    "pose-boosting": "`pose-boosting`",
    "temporal-conv": "`temporal-conv`",
    "temporal-gru": "`temporal-gru`",
    "ensemble-of-two": "`ensemble` of `pose-boosting` and `temporal-conv`",
    "ensemble": "`ensemble` of all three",
}
HEAD = """\
| model | macro F1 out of fold, cross-fitted | 95 % interval over videos | aggression | social |
|---|---|---|---|---|
"""
TABLE = re.compile(rf"{re.escape(HEAD)}(\|.*\n)+")


def config(data: Path, results: Path) -> dict:
    """The example's config on this data, with the row that it leaves out."""
    found = yaml.safe_load((ROOT / "examples/rat-dyads.yaml").read_text()) | {"results": str(results)}
    challenge = found["challenges"]["mabe-task1"]
    challenge["datasets"]["task1"]["source"] = str(data)
    members = ["pose-boosting", "temporal-conv"]
    challenge["models"] |= {"ensemble-of-two": {"model": "ensemble", "members": members}}
    return found


def table(results: Path) -> str:
    """The table, from the scores of the train split."""
    lines = []
    for variant, name in ROWS.items():
        scores = json.loads((results / "mabe-task1/task1" / variant / "scores.json").read_text())
        train = scores["splits"]["train"]
        low, high = train["interval"]
        each = [f"{train['detail']['per_class'][behaviour]['f1']:.3f}" for behaviour in ("aggression", "social")]
        lines.append(f"| {name} | {train['score']:.4f} | {low:.3f} to {high:.3f} | {' | '.join(each)} |\n")
    return HEAD + "".join(lines)


def main(data: Path, results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    given = results / "rats.yaml"
    given.write_text(yaml.safe_dump(config(data.resolve(), results.resolve())))
    command = [sys.executable, "-m", "snakemake", "mabe-task1", "--cores", "2", "--configfile", str(given)]
    subprocess.run(command, cwd=ROOT, check=True)
    made = table(results)
    print(made, end="")
    PAGE.write_text(TABLE.sub(lambda _: made, PAGE.read_text(), count=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
