"""The hook `draw`: what is worth seeing of a scored variant, in the order the report shows it."""

import json
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import DrawJob
from challengeflow.arrays import Arrays
from challengeflow.scoring import write_json
from challengeflow_clog_loss.models.declarations import MODELS
from challengeflow_clog_loss.pictures import curves, frame_strips, projects
from challengeflow_clog_loss.pictures.frame_strips import Row
from challengeflow_clog_loss.scoring.scored_videos import Videos, read_videos

ROWS, LOOKED_AT = 5, 3


def draw(job: DrawJob) -> None:
    """Write pictures and pictures.json: out-of-fold scores of the train split, or else of the first scored split."""
    splits = dict.fromkeys(shard.split for shard in job.shards if shard.gold is not None)
    split = "train" if "train" in splits else next(iter(splits))
    videos, detail = read_videos(job.shards, split), json.loads(job.scores.read_text())["splits"][split]["detail"]
    target = detail.get("target_prevalence", float(videos.stalled.mean()))
    entries = _sheets(job, videos)
    entries += [curve] if (curve := curves.precision_recall(videos, target)) else []
    if "calibration" in detail:
        entries += [curves.calibration(detail), curves.thresholds(detail)]
    if any("roc_auc" in row for row in detail.get("by_project", {}).values()):
        projects.draw(job.output / "projects.png", detail)
        caption = "Bars far below the line of all: the model ranks by the look of projects, or does not see these well."
        entries.append(_picture("Score by project", caption, "Bars of the area under the curve", ["projects.png"]))
    entries += curves.learning([folder for member in job.members for folder in member.models])
    write_json(job.output / "pictures.json", entries)


def _sheets(job: DrawJob, videos: Videos) -> list[dict[str, Any]]:
    """Contact sheets of the worst errors and the surest right answers, the worst frame by frame, what was looked at."""
    ranked = np.argsort(-videos.chance, kind="stable")
    stalled, flowing = ([k for k in ranked if videos.stalled[k] == truth] for truth in (True, False))
    named = {
        "surest": ("The surest of each kind", [*stalled[: ROWS // 2 + 1], *flowing[::-1][: ROWS // 2]]),
        "missed": ("Stalled with the lowest scores", stalled[::-1][:ROWS]),
        "false-alarms": ("Flowing with the highest scores", flowing[:ROWS]),
    }
    entries, rows = [], {}
    for name, (title, places) in named.items():
        rows[name] = _rows(job, videos, places)
        if rows[name]:
            frame_strips.draw(job.output / f"{name}.png", rows[name])
            caption = "Frames of the region, its mean and its deviation over time; the line is the outline's inside."
            entries.append(_picture(title, caption, "Rows of frames of outlined vessels", [f"{name}.png"]))
    for name, title in (("missed", "Missed, frame by frame"), ("false-alarms", "False alarm, frame by frame")):
        if rows[name]:
            files = frame_strips.frames(job.output / f"{name}-frames", rows[name][0])
            entries.append(_picture(title, rows[name][0].label.replace("\n", ", "), "Frames of one vessel", files))
    wrong = [row for name in ("missed", "false-alarms") for row in rows[name][:LOOKED_AT]]
    return entries + _looked_at(job, wrong)


def _looked_at(job: DrawJob, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Occlusion maps of the first network among the members, if PyTorch is here."""
    networks = [member for member in job.members if (member.models[0] / "weights").is_dir()]
    if not networks or not rows or find_spec("torch") is None:
        return []
    from challengeflow_clog_loss.pictures import occlusion

    module = import_module(next(model.module for model in MODELS if model.name == networks[0].model))
    occlusion.draw(job.output / "looked-at.png", job, networks[0].models[0], module, rows)
    caption = (
        f"The score of {networks[0].model} ({networks[0].models[0].name}) when a square is hidden in all frames: "
        "red where hiding it makes the vessel look flowing, blue where it makes it look stalled."
    )
    return [_picture("What the network looked at", caption, "Regions with red and blue squares", ["looked-at.png"])]


def _rows(job: DrawJob, videos: Videos, places: Sequence[int]) -> list[Row]:
    """The videos at these places, as far as they could be read, in this order."""
    found = {}
    wanted = {videos.samples[place].id: place for place in places}
    for shard in job.shards:
        prepared = Arrays(shard.prepared)
        for name in wanted.keys() & set(prepared.ok()):
            place = wanted[name]
            found[name] = Row(name, bool(videos.stalled[place]), float(videos.chance[place]), prepared[name])
    return [found[name] for name in wanted if name in found]


def _picture(title: str, caption: str, alt: str, files: Sequence[str | Path]) -> dict[str, Any]:
    return {"title": title, "caption": caption, "alt": alt, "files": list(files)}
