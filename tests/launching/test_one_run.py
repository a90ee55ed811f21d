"""One run at a time in a folder, whoever started it.

What a killed one leaves behind is cleared, waited for or named.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, Site
from launching.test_kills import CONFIG

from challengeflow import InputError
from challengeflow.launching import one_run

RUN = [str(Path(sys.executable).with_name("challengeflow")), "run"]
PLAIN = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2"]


def started(site: Site, command: list[str]) -> subprocess.Popen:
    """A run that has come as far as training."""
    site.configure(CONFIG.replace("0.02", "0.1"))
    run = subprocess.Popen(
        command,
        cwd=site.folder,
        env=site.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 100
    while not list(site.folder.glob("results/.work/digits/train-*/checkpoint.npz")):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    return run


def run_again(site: Site) -> str:
    """What the same run says when it is started once more and ends well."""
    site.configure(CONFIG)
    done = subprocess.run(RUN, cwd=site.folder, env=site.environment(), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_it_refuses_beside_a_plain_snakemake_and_goes_on_when_that_was_killed(site, monkeypatch):
    monkeypatch.setattr(one_run, "PATIENCE", 0.2)
    plain = started(site, PLAIN)
    with pytest.raises(InputError, match=rf"a run is alive in \S+: process {plain.pid} on \S+; wait"):
        one_run.take(site.folder)
    beside = site.snakemake("--dry-run", "--quiet").stderr
    assert f"a run is alive here (process {plain.pid} on {socket.gethostname()}); do not unlock" in beside
    os.killpg(plain.pid, signal.SIGKILL)
    plain.wait()
    told = site.snakemake("--dry-run", "--quiet").stderr
    assert "was killed and left its lock; `challengeflow run` clears it and goes on" in told
    said = run_again(site)
    assert f"the last run here (process {plain.pid} on {socket.gethostname()}) was killed; its lock is cleared" in said
    assert re.search(r"^\+ snakemake --resources mem_mb=\d+ --configfile config.yaml --snakefile ", said, re.MULTILINE)


def test_it_waits_for_the_jobs_of_a_leader_that_was_killed_alone(site, monkeypatch):
    monkeypatch.setattr(one_run, "PATIENCE", 0.2)
    leader = started(site, RUN)
    with pytest.raises(InputError, match="a run is alive"):
        one_run.take(site.folder)
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    said = run_again(site)
    assert "waiting for train digits/few logistic" in said and "left by a run that was killed (process" in said
    logs = site.folder.glob("results/logs/digits/few/logistic/*/train.log")
    assert not [log for log in logs if "is being made by" in log.read_text()]


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder with Snakemake's lock and nothing else."""
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.output.lock").write_text("results/x\n")
    return tmp_path


def test_a_lock_of_another_machine_or_of_nobody_is_never_cleared(locked):
    for last in ("", "process 1 on another-machine"):
        one_run.lock_file(locked).write_text(last)
        with pytest.raises(
            InputError, match=r"whether that run \((process 1 on|of which nothing).* `snakemake --unlock`"
        ):
            one_run.clear_stale(locked, proven=True)
    assert one_run.snakemake_locks(locked)


def test_without_locks_on_the_file_system_nothing_is_proven(locked, monkeypatch):
    def none(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(one_run.fcntl, "flock", none)
    one_run.note_run(locked)
    proven = one_run.take(locked)
    assert not proven
    with pytest.raises(InputError, match="cannot be told"):
        one_run.clear_stale(locked, proven)


def test_a_snakemake_of_another_snakefile_in_the_folder_keeps_its_lock(locked):
    one_run.note_run(locked)
    (locked / "Snakefile").write_text("rule all:\n    shell: 'sleep 60'\n")
    other = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--nolock", "--quiet", "all"], cwd=locked
    )
    try:
        with pytest.raises(InputError, match=f"process {other.pid} is a snakemake at work in it"):
            one_run.clear_stale(locked, proven=True)
    finally:
        other.kill()
        other.wait()
    one_run.clear_stale(locked, proven=True)
    assert not one_run.snakemake_locks(locked)


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / ".snakemake").write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"nothing can be written into .*; run in a folder of yours"):
        one_run.take(tmp_path)
    one_run.share(tmp_path)  # a dry-run of somebody else's results goes on
