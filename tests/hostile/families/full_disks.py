"""Disks that fill up: a sentence says so wherever it happens, and with room the run goes on to the same results."""

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from families._sites import CONFIG, Site, crash, small

COUNT, SECONDS = 4, 900
WITHOUT = None if os.geteuid() == 0 else "a small file system can be mounted by root alone"
"""Why it cannot be tried."""

SENTENCE = "is full"


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    site = small(folder / "site")
    options = ("size=12k", "size=200k", "size=4m,nr_inodes=12", "size=4m")[number % 4]
    with mounted(folder / "disk", options) as disk:
        if number % 4 == 3:
            (disk / "filler").write_bytes(bytes(draw.randrange(3_700_000, 4_000_000)))
        site.configure(f"results: {disk}/results\n{CONFIG}")
        by_hand = number % 4 == 0  # nothing else around the stage
        done = site.challengeflow("download", "digits/few", "index") if by_hand else site.snakemake("--quiet")
        said = done.stdout + done.stderr
        if done.returncode == 0:
            return f"it fitted on a disk of {options}"
        if found := crash(done):
            return found
        if SENTENCE not in said:
            return f"nothing of a full disk in {said[-600:]!r}"
        made = [path for path in disk.rglob("*.json") if ".work" not in str(path) and ".part" not in str(path)]
        if half := [path for path in made if not _is_json(path)]:
            return f"half-written: {half}"
        return _goes_on(site, disk, number)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return False
    return True


def _goes_on(site: Site, disk: Path, number: int) -> str | None:
    subprocess.run(["mount", "-o", "remount,size=200m,nr_inodes=100000", str(disk)], check=True)
    done = site.snakemake("--quiet")
    if done.returncode != 0:
        return f"with room it does not go on: {done.stderr[-400:]!r}"
    (table,) = (disk / "results").glob("digits/submissions/csv/*/*.csv")
    if number % 4 == 1:
        digest = hashlib.sha256(table.read_bytes()).hexdigest()
        shutil.rmtree(disk / "results")
        assert site.snakemake("--quiet").returncode == 0
        if hashlib.sha256(table.read_bytes()).hexdigest() != digest:
            return "its answers are others than those of a run with room"
    return None


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A file system in memory, gone at the end."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
