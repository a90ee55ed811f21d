"""What all of Clog Loss costs, from measurements on a few videos, on an idle machine.

    python benchmarks/clog_loss_scale.py

Runs the demo at two sizes, one core, and takes the cost of one more video from the difference: that is free of process
starts. The demo's videos are as heavy as real ones a frame (same codec and quality), but shorter: preparing and
features are counted by the frame. The counts of the real data (573,048 + 14,160 videos of 59.9 frames on average, 42
kB a frame) and of the jobs are those of the reference and of examples/clog-loss-full.yaml; bandwidth and checksums are
those of `challengeflow clog-loss-plan`. Seconds are those of each job's process. Prints the table of
docs/records/scale.md.
"""

import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from challengeflow_clog_loss.data import estimates

ROOT = Path(__file__).parent.parent
sys.path.append(str(Path(__file__).parent))

from noted_jobs import noted, noting  # noqa: E402

SIZES = (24, 120)
STAGES = ("preprocess", "train", "predict")
TRAIN, TEST, FRAMES = 573_048, 14_160, 59.9
FOLDS, CORES = 5, 2
CONFIG = """\
challenges:
  clog-loss:
    controls: false
    datasets:
      nano: {{source: demo, folds: 2, shards: {{train: 1, test: 1}}}}
    download: {{demo_videos: {videos}}}
    models: {{roi-features: {{}}}}
"""


def run(videos: int, folder: Path) -> dict[str, tuple[float, float, int]]:
    """Stage -> (CPU seconds, peak MB, frames) summed over the jobs of a demo of that size."""
    (folder / "config.yaml").write_text(CONFIG.format(videos=videos))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1", "--quiet", "all"]
    command += ["--workflow-profile", str(ROOT / "profiles/default")]
    subprocess.run(command, cwd=folder, env=noting(folder, Path(sys.executable).parent), check=True)
    with open(folder / "results/clog-loss/nano/index/samples.csv") as file:
        rows = list(csv.DictReader(file))
    frames = {
        split: sum(int(row["num_frames"]) for row in rows if row["split"] == split) for split in ("train", "test")
    }
    total = frames["train"] + frames["test"]
    # With two folds each training sees half of the train videos; every video is predicted, the test by both models.
    seen = {"preprocess": total, "train": frames["train"], "predict": frames["train"] + 2 * frames["test"]}
    found = {}
    for stage in STAGES:
        jobs = [job for job in noted(folder) if job.stage == stage]
        found[stage] = (sum(job.cpu for job in jobs), max(job.peak_mb for job in jobs), seen[stage])
    return found


def planned_jobs(folder: Path) -> int:
    """Jobs of examples/clog-loss-full.yaml without its controls, as a dry-run counts them."""
    config = yaml.safe_load((ROOT / "examples/clog-loss-full.yaml").read_text())
    config["challenges"]["clog-loss"]["controls"] = False
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--dry-run", "--cores", "1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return int(re.search(r"^total +(\d+)$", done.stdout + done.stderr, re.MULTILINE)[1])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = planned_jobs(Path(folder))
    measured = []
    for videos in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measured.append(run(videos, Path(folder)))
    small, large = measured
    cost = {stage: (large[stage][0] - small[stage][0]) / (large[stage][2] - small[stage][2]) for stage in STAGES}
    for stage in STAGES:
        print(
            f"{stage:<11}{1000 * cost[stage]:8.2f} CPU-ms a frame, peak {large[stage][1]:.0f} MB at {SIZES[1]} videos"
        )
    all_frames = (TRAIN + TEST) * FRAMES
    hours = {
        "preprocess": cost["preprocess"] * all_frames / 3600,
        "train": cost["train"] * TRAIN * FRAMES * (FOLDS - 1) / 3600,
        "predict": cost["predict"] * (TRAIN + FOLDS * TEST) * FRAMES / 3600,
    }
    raw, prepared = all_frames * estimates.BYTES_A_FRAME, (TRAIN + TEST) * estimates.PREPARED_BYTES_A_VIDEO
    hours["checksums"] = estimates.hashing_seconds(raw, prepared) / 3600
    gigabytes = raw / 1e9
    print("core-hours: " + ", ".join(f"{stage} {each:.0f}" for stage, each in hours.items()) + f"; {gigabytes:.0f} GB")
    print(f"| nodes of {CORES} cores | hours | core-hours | GB transferred | jobs |")
    print("|---|---|---|---|---|")
    for nodes in (1, 16, 100):
        transfer = raw / (estimates.MB_A_SECOND * 1e6) / 3600
        ahead = max((hours["preprocess"] + hours["checksums"]) / (nodes * CORES), transfer)
        training = hours["train"] / min(nodes * CORES, FOLDS)
        wall = ahead + training + hours["predict"] / (nodes * CORES)
        print(f"| {nodes} | {wall:.0f} | {sum(hours.values()):.0f} | {gigabytes:.0f} | {jobs} |")


if __name__ == "__main__":
    main()
