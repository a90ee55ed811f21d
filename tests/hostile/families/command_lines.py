"""Command lines that nobody means: each ends in a sentence, and nothing is made outside the results."""

import os
import random
import subprocess
import sys
from pathlib import Path

from families._sites import crash, small

COUNT, SECONDS = 34, 120
# Words, and the exit status: 0 where it is harmless, 1 for a sentence of challengeflow, 2 for one of its parser.
LINES: list[tuple[list[str | bytes], int]] = [
    (["validate", "--config", "."], 1),
    (["validate", "--config", ""], 1),
    (["validate", "--config", "/dev/zero"], 1),
    (["validate", "--config", '{"challenges": {}}'], 1),
    (["validate", "--config", "x" * 5000], 1),
    (["run", "--config", ".snakemake/challengeflow/0123456789abcdef.json"], 1),
    (["score", "digits/few", "one", "--config", ".snakemake/challengeflow/0123456789abcdef.json"], 1),
    (["download", "digits", "index"], 1),
    (["download", "digits/few", "archive:../../../outside"], 1),
    (["download", "digits/few", "archive:"], 1),
    (["download", "digits/few/../../outside", "index"], 1),
    (["download", "digits/few", "../../../outside"], 1),
    (["preprocess", "digits/few", "train-f9-000"], 1),
    (["train", "digits/few", "control-perfect", "0"], 1),
    (["train", "digits/few", "one", "-1"], 1),
    (["train", "digits/few", "one", "0", "--threads", "0"], 2),
    (["train", "digits/few", "one", "0", "--threads", "1e99"], 2),
    (["predict", "digits/few", "one", "test-000", "--on", "../few"], 1),
    (["package", "digits/few", "csv", "few-one"], 1),
    (["package", "digits", "csv", "../../outside"], 1),
    (["describe", b"\xff\xfe"], 1),
    (["describe", "digits\n\x1b[2J"], 1),
    (["compare", "", "/dev/null"], 1),
    (["export", "/"], 1),
    (["cite", "digitz"], 1),
    (["new", "challenge", "../outside"], 1),
    (["new", "model", "x", "--challenge", "../digits"], 1),
    (["init", "--data", "/no/such", "--challenge", "digits"], 1),
    (["digits-count", "/dev/full", "x"], 1),
    (["run", "--profile", "../outside"], 1),
    (["run", "--", "--directory", "/tmp"], 1),
    (["", "x"], 1),
    (["--no-such-option"], 2),
    (["status", "extra"], 2),
]


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    inside = folder / "inside"
    site = small(inside)
    words, expected = LINES[number % len(LINES)]
    where = draw.choice(["plain", "ascii", "full output"])
    environment = site.environment(**({"PYTHONIOENCODING": "ascii", "LC_ALL": "C"} if where == "ascii" else {}))
    output = open("/dev/full", "w") if where == "full output" else subprocess.PIPE  # noqa: SIM115
    command = [sys.executable, "-m", "challengeflow.cli", *words]
    done = subprocess.run(
        command,
        cwd=inside,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=90,
    )
    text = done.stderr.decode(errors="replace")
    if said := crash(subprocess.CompletedProcess(command, done.returncode, done.stdout or "", text)):
        return f"{words}: {said}"
    if done.returncode != expected or len(text.splitlines()) > 12:
        return f"{words} ({where}) ended with {done.returncode}, {expected} was expected: {text[-400:]!r}"
    made = {path.name for path in inside.iterdir()} - {"plugins", "config.yaml", "results", ".snakemake"}
    made |= {name for name in os.listdir(folder) if name != "inside"}
    return f"{words} made {sorted(made)}" if made else None
