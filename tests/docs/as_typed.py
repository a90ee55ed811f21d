"""README, report and tutorials as a reader types them: every block of commands, in order, in fresh environments.

    python tests/docs/as_typed.py FOLDER

FOLDER is new; a clone is made in it. `make test-docs` does it: half an hour, with a network. `make test` itself is left
out, and so is what needs a cluster. Blocks of code go into the files they name.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from outside.test_tutorials import BLOCK, ROOT

ACTIVE = "source .venv/bin/activate\n"
FRESH = f"python3 -m venv .venv\n{ACTIVE}"
# The competition's files and videos behind a login, with generated ones in their place.
VIDEOS = """\
import csv, pathlib
from challengeflow_clog_loss.demo import metadata

data = pathlib.Path("data/clog-loss")
(data / "train").mkdir(parents=True), (data / "test").mkdir()
metadata.write_tables(data, 1, 24)
rows = lambda name: list(csv.DictReader(open(data / name)))
stalled = {row["filename"]: row["stalled"] == "1" for name in ("train", "test") for row in rows(f"{name}_labels.csv")}
for split in ("train", "test"):
    for row in rows(f"{split}_metadata.csv"):
        name, project = row["filename"], row.get("project_id", "A")
        metadata.write_video(data / split / name, 1, name[:-4], project, stalled[name], int(row["num_frames"]))
"""


def main(folder: Path) -> None:
    clone, bare = folder / "clone", folder / "bare"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    bare.mkdir()
    made, install, own_data, own_model = commands("README.md")
    typed(clone, made)
    assert (clone / "results/report.html").exists() and list((clone / "dist").glob("*.whl"))
    dist = f"export DIST={clone}/dist\n"
    typed(clone, ACTIVE + "cp -r results results-old\n" + "\n".join(commands("docs/report.md")))
    assert (clone / "results/snakemake-report.html").exists()
    typed(bare, FRESH + dist + install)
    assert (bare / "results/report.html").exists() and not (bare / "Snakefile").exists()
    subprocess.run([clone / ".venv/bin/python", "-c", VIDEOS], cwd=clone, check=True)
    typed(clone, own_data)
    assert (clone / "results-clog-loss/clog-loss/nano/roi-features/scores.json").exists()
    typed(clone, ACTIVE + own_model)
    for page in ("docs/tutorial-challenge.md", "docs/tutorial-model.md", "docs/wrappers.md"):
        here = folder / Path(page).stem
        here.mkdir()
        typed(here, FRESH + dist + install.replace("challengeflow run", ""))
        follow(page, here)


def commands(page: str) -> list[str]:
    """The blocks of commands of a page, but for what is left out."""
    blocks = [content for language, _, content in BLOCK.findall((ROOT / page).read_text()) if language == "sh"]
    return [
        re.sub(r"^make test .*\n", "", block, flags=re.MULTILINE) for block in blocks if "profiles/slurm" not in block
    ]


def follow(page: str, folder: Path) -> None:
    """Do what a tutorial says, block by block."""
    for language, file, content in BLOCK.findall((ROOT / page).read_text()):
        if file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        elif language == "sh":
            typed(folder, ACTIVE + content)


def typed(folder: Path, block: str) -> None:
    """Type a block of commands into a shell in that folder."""
    print(f"\n=== {folder}\n{block}", flush=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    places = [place for place in kept["PATH"].split(os.pathsep) if not place.endswith("/.venv/bin")]
    shell = ["bash", "-euo", "pipefail", "-c", block]
    subprocess.run(shell, cwd=folder, env=kept | {"PATH": os.pathsep.join(places)}, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
