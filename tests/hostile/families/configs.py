"""Configs with one thing wrong, or two: each is refused by sentences that name what is wrong, and both at once."""

import contextlib
import copy
import io
import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from challengeflow import cli

COUNT, SECONDS = 100, 30
BASE: dict[str, Any] = {
    "seed": 1,
    "challenges": {
        "mood": {
            "datasets": {"brain": {"source": "demo", "folds": 2}, "abdom": {"source": "demo"}},
            "models": {
                "pca": {"model": "pca-residual"},
                "boosting": {"model": "residual-boosting"},
                "both": {"members": {"pca": 1.0, "boosting": 2.0}},
            },
        },
        "clog-loss": {
            "datasets": {"nano": {"source": "demo", "folds": 3, "shards": {"train": 1, "test": 2}}},
            "models": {"roi": {"model": "roi-features"}},
            "submissions": {"csv": {"mine": {"nano": "roi"}}},
        },
    },
}
MOOD, CLOG = ("challenges", "mood"), ("challenges", "clog-loss")
NANO, BRAIN = (*CLOG, "datasets", "nano"), (*MOOD, "datasets", "brain")
SECRET = "s3cr3tW0rd"
HIDDEN = (
    f"https://me:{SECRET}@example.org/data",
    f"https://example.org/data?token={SECRET}",
    f"s3://key:{SECRET}@bucket",
    f"ghp_{SECRET}{SECRET}{SECRET}",
)


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    path = folder / "config.yaml"
    if number % 3 == 0:
        path.write_bytes(draw.choice(TEXTS)(draw))
        return _refused(path, ())
    config = copy.deepcopy(BASE)
    if number % 12 == 1:  # alone: what cannot be printed goes no further
        named = [unprintable(config, draw)]
    else:
        named = [kind(config, draw) for kind in draw.sample(FAULTS, 1 + number % 2)]
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
    return _refused(path, named)


def _refused(path: Path, named: Any) -> str | None:
    said, output = io.StringIO(), io.StringIO()
    os.chdir(path.parent)
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(output):
        status = cli.main(["validate", "--config", str(path)])
    text = said.getvalue()
    shown = f"{path.read_bytes()[:400]!r} -> {text[:600]!r}"
    if status != 1:
        return f"it passed: {shown}"
    if "fault of challengeflow" in text or "Traceback" in text:
        return f"no sentence: {shown}"
    if not all(line.startswith("challengeflow: ") and len(line) < 1500 for line in text.splitlines()):
        return f"more than a sentence each: {shown}"
    if SECRET in text:
        return f"the credential is shown: {shown}"
    missing = [part for part in named if part not in text]
    return f"{missing} not named: {shown}" if missing else None


# -- faults of the content: each changes the config and gives what must be named --------------------------------------

Fault = Callable[[dict[str, Any], random.Random], str]


def at(config: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for step in path:
        config = config[step]
    return config


def misspelt(config: dict[str, Any], draw: random.Random) -> str:
    path, key = draw.choice([((), "seed"), (NANO, "folds"), (NANO, "shards"), (CLOG, "submissions"), (BRAIN, "folds")])
    wrong = key[:-1] + key[-1] + draw.choice("xs")
    at(config, path)[wrong] = at(config, path).pop(key)
    return repr(wrong)


def wrong_value(config: dict[str, Any], draw: random.Random) -> str:
    path, key, values = draw.choice(
        [
            ((), "seed", [-1, 1.5, "one", None, True, [1], 10**30, math.nan]),
            ((), "device", ["gpu", 1, None]),
            ((), "keep_raw", ["yes please", 1, []]),
            ((), "raw_shards", [0, -3, 1.5, "all"]),
            (MOOD, "max_failed", [math.nan, math.inf, -0.1, 1.1, "half", None]),
            (MOOD, "controls", ["no way", 0]),
            (NANO, "folds", [0, 1, -1, 2.0, 10**9, "3", None, math.inf]),
            (NANO, "source", [3, None, "", "nowhere/at/all", "officail", ["demo"], True]),
            (NANO, "splits", [[], "train", ["train", "train"], ["trian"], [1], {}]),
            (NANO, "gold", [["tset"], "train", [None]]),
            (NANO, "shards", [{"trian": 2}, {"train": 0}, {"train": 10**6}, {"train": "2"}, 2, [1], {"test": 1.5}]),
        ]
    )
    at(config, path)[key] = draw.choice(values)
    return key


def wrong_variant(config: dict[str, Any], draw: random.Random) -> str:
    name = draw.choice(
        ["control-perfect", "Upper", "two words", "a/b", "../x", "x" * 300, "gold", "fold-1", "ü", "-x", "."]
    )
    at(config, (*MOOD, "models"))[name] = {"model": "pca-residual"}
    return name[:40]


def wrong_model(config: dict[str, Any], draw: random.Random) -> str:
    at(config, (*MOOD, "models"))["mine"] = draw.choice(
        [
            {"model": "pca-residuel"},
            {"model": "ensemble"},
            {"members": ["pca"]},
            {"members": ["pca", "pca"]},
            {"members": ["pca", "nobody"]},
            {"members": ["pca", "control-prior"]},
            {"members": {"pca": math.inf, "boosting": 1}},
            {"members": {"pca": 0, "boosting": 1}},
            {"members": ["pca", "boosting"], "seed": 3},
            {"members": ["pca", "boosting"], "model": "pca-residual"},
            {"model": "pca-residual", "parameters": {"componentz": 3}},
            {"model": "pca-residual", "parameters": [1]},
            {"model": "pca-residual", "refit": "yes"},
            {"model": "pca-residual", "seed": -1},
            "pca-residual",
            3,
        ]
    )
    return "mine"


def wrong_submission(config: dict[str, Any], draw: random.Random) -> str:
    at(config, CLOG)["submissions"] = draw.choice(
        [
            {},
            {"csv": {}},
            {"csv": {"mine": {}}},
            {"cvs": {"mine": {"nano": "roi"}}},
            {"csv": {"mine": {"nan": "roi"}}},
            {"csv": {"mine": {"nano": "rio"}}},
            {"csv": {"mine": {"nano": "control-perfect"}}},
            {"csv": {"My/Own": {"nano": "roi"}}},
            {"csv": {"mine": "roi"}},
        ][1:]
    )
    return "submissions"


def wrong_dataset(config: dict[str, Any], draw: random.Random) -> str:
    name, entry = draw.choice(
        [
            ("nan", {"source": "demo"}),
            ("mine", {"source": ".", "trained_on": "mine"}),
            ("mine", {"source": ".", "trained_on": "nobody"}),
            ("mine", {"source": "demo", "trained_on": "nano"}),
            ("Mine", {"source": ".", "trained_on": "nano"}),
            ("micro", {"source": "official"}),
            ("mine", {}),
            ("mine", None),
        ]
    )
    at(config, (*CLOG, "datasets"))[name] = entry
    return name


def wrong_challenge(config: dict[str, Any], draw: random.Random) -> str:
    name, entry = draw.choice(
        [
            ("moood", {"datasets": {"brain": {"source": "demo"}}}),
            ("mabe-task1", {}),
            ("mabe-task1", None),
            ("x" * 99, 3),
        ]
    )
    config["challenges"][name] = entry
    return name[:40]


def credential(config: dict[str, Any], draw: random.Random) -> str:
    at(config, BRAIN)["source"] = draw.choice(HIDDEN)
    return "a credential is written here"


def results(config: dict[str, Any], draw: random.Random) -> str:
    wrong = ["", ".", "..", "/", "a{b}", "s3://bucket", "x" * 256, "y/" * 1500, "config.yaml", "config.yaml/x"]
    config["results"] = draw.choice(wrong)
    return "results"


def unprintable(config: dict[str, Any], draw: random.Random) -> str:
    at(config, NANO)["source"] = "data" + draw.choice(["\x00", "\x1b[31m", "\u2028", "\x85", "\r"])
    return "source"


FAULTS: list[Fault] = [
    misspelt,
    wrong_value,
    wrong_variant,
    wrong_model,
    wrong_submission,
    wrong_dataset,
    wrong_challenge,
    credential,
    results,
]

# -- faults of the text ---------------------------------------------------------------------------------------------


def _plain(**more: Any) -> str:
    return yaml.safe_dump(BASE | more, sort_keys=False)


def bomb(draw: random.Random) -> bytes:
    width, depth = draw.randrange(5, 20), draw.randrange(8, 40)
    merge = draw.random() < 0.5
    lines = ["a0: &a0 {k: v}" if merge else "a0: &a0 [x, x, x]"]
    for level in range(1, depth):
        many = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} " + (f"{{<<: [{many}]}}" if merge else f"[{many}]"))
    return ("\n".join(lines) + "\n" + _plain()).encode()


def deep(draw: random.Random) -> bytes:
    return (draw.choice(["[", "{a: ", "- ", "? "]) * draw.randrange(60, 5000)).encode()


def twice(draw: random.Random) -> bytes:
    lines = _plain().splitlines()
    place = draw.choice([number for number, line in enumerate(lines) if ": " in line])
    return "\n".join([*lines[: place + 1], *lines[place:]]).encode()


def odd_key(draw: random.Random) -> bytes:
    return (
        _plain() + draw.choice(["1", "yes", "null", "1.5", "2026-01-01", "[a]", "{a: b}", "~", ".nan"]) + ": 1\n"
    ).encode()


def odd_word(draw: random.Random) -> bytes:
    word = draw.choice(
        ["010", "0x1F", "1:30", "1_0:2", "2026-01-01", "!!binary aGk=", "!!python/name:os.system", "!x y", "9" * 5000]
    )
    return _plain().replace("seed: 1", f"seed: {word}").encode()


def encoded(draw: random.Random) -> bytes:
    return ("# Größe\n" + _plain()).encode(draw.choice(["utf-16", "utf-16-le", "utf-32", "latin-1"]))


def broken(draw: random.Random) -> bytes:
    text = _plain()
    return draw.choice(
        [
            b"",
            b"- a\n- b\n",
            b"just text",
            b"\0" * 100,
            bytes(draw.randrange(256) for _ in range(500)),
            text.encode()[: draw.randrange(40, 110)] + b"\n\t- {",
            (text + "---\n" + text).encode(),
            (text + "x: *nowhere\n").encode(),
            (text + "x: &x [*x]\n").encode(),
            (text + '"a\\0b": 1\n').encode(),
            (text + "# " + "x" * 2_000_000).encode(),
            (text + "x: '").encode(),
        ]
    )


TEXTS = [bomb, deep, twice, odd_key, odd_word, encoded, broken, broken]
