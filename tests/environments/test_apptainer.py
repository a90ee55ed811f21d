"""Snakemake's way of running jobs in one image; apptainer itself is stood in for by the program beside this file."""

import os
import sys
from pathlib import Path

from conftest import ROOT, Site

TARGET = "results/digits/few/index/samples.csv"


def test_jobs_run_in_the_image(site: Site):
    (site.folder / "bin").mkdir()
    (site.folder / "bin/apptainer").symlink_to(Path(__file__).with_name("apptainer"))
    calls = site.folder / "calls"
    path = os.pathsep.join([str(site.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "APPTAINER_CALLS": str(calls)}
    profile = ["--profile", str(ROOT / "profiles/apptainer"), TARGET]
    done = site.snakemake(*profile, **environment)
    assert done.returncode != 0 and "challengeflow.sif" in done.stdout + done.stderr
    (site.folder / "challengeflow.sif").touch()
    calls.unlink()
    done = site.snakemake(*profile, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (site.folder / TARGET).exists()
    call = calls.read_text()
    assert call.startswith("exec ") and " --cleanenv " in call and "challengeflow download digits/few index" in call
