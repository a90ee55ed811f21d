"""Results in folders with odd names: the whole run works there, or `validate` refuses it; no shell runs any of it."""

import json
import os
import random
from pathlib import Path

from families._sites import CONFIG, crash, small

COUNT, SECONDS = 12, 900
ODD = (
    "two words",
    "it's",
    'a "b" c',
    "$(touch ran)`touch ran`$HOME",
    "a; touch ran; b & c | d > e",
    "-rf",
    "Größe 結果 \U0001f9e0",
    "/".join(["x" * 89] * 10),
    "../beside",
    "{absolute}/some where",
    "*?[a-z]!#~^%",
    "a{b}\\n\\\\c",
)


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    site = small(folder / "in side")
    results = ODD[number % len(ODD)].replace("{absolute}", str(folder / "absolute"))
    if number >= len(ODD):
        results = "".join(draw.choices("ab '\"$;&|<>()*?[]!#~\\-", k=12)).strip() + "x"
    head, _, _ = CONFIG.partition("    models:")  # the rules of models have the same lines
    site.configure(f"results: {json.dumps(results, ensure_ascii=False)}\n{head}    models: {{}}\n")
    checked = site.challengeflow("validate")
    if checked.returncode == 1:
        return crash(checked) or (None if "config key results" in checked.stderr else checked.stderr[-400:])
    prepared = f"{os.path.normpath(results)}/digits/few/prepared/test-000"
    done = site.snakemake("--quiet", "--", "all", prepared)
    if ran := [path for path in folder.rglob("ran") if path.is_file()]:
        return f"the shell ran a part of {results!r}: {ran}"
    made = site.folder / results
    if done.returncode != 0:
        return f"{results!r} passed, and its run failed: {done.stderr[-600:]!r}"
    whole = (made / "leaderboard.csv").is_file() and (site.folder / prepared / "index.json").is_file()
    return None if whole else f"the results are not in {results!r}"
