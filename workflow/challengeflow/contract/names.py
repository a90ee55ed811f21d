"""The names all parts share: stages, splits, controls, commands, and what may be part of a path."""

import re
from collections.abc import Mapping

from challengeflow.contract.errors import InputError

STAGES = ("download", "preprocess", "train", "predict", "score", "draw", "package")
"""The hooks that work, in the order of the workflow.

`train` and `predict` belong to a model, the rest to a challenge.
"""

MODEL_STAGES = ("train", "predict")
OPTIONAL_STAGES = ("draw",)
CHALLENGE_STAGES = tuple(stage for stage in STAGES if stage not in MODEL_STAGES)
PARAMETER_STAGES = ("download", "preprocess", "score", "package")
"""The stages of a challenge with a section of parameters; `draw` reads those of `score`."""

ROLES = ("train", "scored", "answered", "unlabelled")
"""What a split is for: models train on it, in folds, and are scored out of fold; they are scored on it; submissions
answer it (and where its gold is known, models are scored on it too); it is there for models that learn without
labels."""

CONTROLS = ("control-perfect", "control-prior", "control-random")

COMMANDS = (
    *("plugins", "describe", "inspect", "validate", "init", "run", "answer", "model", "doctor"),
    *("leaderboard", "status", "compare", "report", "export", "verify", "cite", "new"),
    *(stage for stage in STAGES if stage != "draw"),
    *("control", "draw"),
)
"""What `challengeflow` is followed by. A plugin's command must be none of them."""

PATH_WORDS = {
    "archives",
    "benchmarks",
    "gold",
    "index",
    "leaderboard",
    "logs",
    "pictures",
    "predictions",
    "prepared",
    "raw",
    "report",
    "submissions",
}
NAME = r"[a-z0-9][a-z0-9_-]*"
SPLIT = r"[a-z][a-z0-9_]*"
SHARD = rf"(?:{NAME}\.)?{SPLIT}(?:-f\d+)?-\d{{3}}"
FOLD = r"\d+|all"
LONGEST = 80
"""Characters of a name: two of them, and more, make the name of a file."""


def check_splits(splits: Mapping[str, str]) -> None:
    """Raise InputError for a split whose name cannot be part of a shard's, or whose role is none."""
    for split, role in splits.items():
        if not re.fullmatch(SPLIT, split):
            raise InputError(f"split {split!r} is not a usable name; use lower-case letters, digits and '_'")
        if role not in ROLES:
            raise InputError(f"split {split!r} has the role {role!r}; write one of {', '.join(ROLES)}")


def check_name(what: str, name: str) -> None:
    """Raise InputError for a name that cannot be part of a path: wrong characters, or a word the layout uses."""
    if not re.fullmatch(NAME, name):
        shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
        raise InputError(f"{what} {shown!r} is not a usable name; use lower-case letters, digits, '-' and '_'")
    if len(name) > LONGEST:
        raise InputError(f"{what} {name[:LONGEST]!r}... has {len(name)} characters; use {LONGEST} or fewer")
    if name in PATH_WORDS or name.startswith("fold-"):
        raise InputError(f"{what} {name!r} is a word of the result paths ({', '.join(sorted(PATH_WORDS))}, fold-*)")
