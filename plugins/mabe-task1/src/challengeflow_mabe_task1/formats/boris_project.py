"""BORIS's project file (.boris, JSON): read for the labels of any observation, written with answers to be corrected.

BORIS opens projects and no tables of bouts, so this is how corrections come and go. As of project format 7.0 (BORIS 5
to 9): an observation has events [time in s, subject, code, modifiers, comment]; a state event is a START and a STOP in
turn.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow import InputError
from challengeflow_mabe_task1.formats import boris, text
from challengeflow_mabe_task1.formats.bouts import Bout, Choice, Labels
from challengeflow_mabe_task1.formats.choices import one_of

EPOCH = "2000-01-01T00:00:00"
"""BORIS wants a date; the same answers are the same bytes only with the same one."""


def observations(path: Path) -> dict[str, dict[str, Any]]:
    """Observation id -> observation. Raises InputError for a file that is no project."""
    return _project(path)["observations"]


def media_of(observation: Mapping[str, Any]) -> list[str]:
    """The media files of the first player, one after the other; other players show the same moments."""
    players = observation.get("file")
    files: Any = next(iter(players.values()), []) if isinstance(players, dict) else []
    return [str(file) for file in (files if isinstance(files, list) else [files]) if file]


def read(path: Path, choice: Choice) -> Labels:
    """The state events of one observation as bouts in seconds.

    Raises InputError where no observation fits, or several do, or a state has no end.
    """
    try:
        return _read(path, choice)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"{path} has an observation that is not as BORIS writes it ({error}); save it again") from None


def _read(path: Path, choice: Choice) -> Labels:
    project = _project(path)
    media = {name: media_of(one) for name, one in project["observations"].items()}
    if not media:
        raise InputError(f"{path} has no observation; observe the video in BORIS first")
    chosen = boris.observation_of(path, choice, media)
    observation = project["observations"][chosen]
    states = {
        str(one.get("code"))
        for one in project.get("behaviors_conf", {}).values()
        if isinstance(one, dict) and "state" in str(one.get("type", "")).lower()
    }
    events = [[str(cell) for cell in event[:4]] for event in observation.get("events") or [] if len(event) >= 3]
    events = [[event[0], event[1] or boris.NOBODY, *event[2:]] for event in events]
    subjects = one_of(path, "subjects", [event[1] for event in events if event[2] in states], choice.subjects)
    bouts = boris.paired(path, _in_turn(event for event in events if event[1] in subjects and event[2] in states))
    rates = (observation.get("media_info") or {}).get("fps") or {}
    points = Counter(event[2] for event in events if event[1] in subjects and event[2] not in states)
    return Labels(
        tuple(bouts),
        "seconds",
        fps=boris.rate(str(rates[file]) for file in media[chosen] if file in rates),
        notes=boris.notes(points, [str(observation.get("time offset") or 0)]),
    )


def write(
    path: Path, answers: Sequence[tuple[str, str, Sequence[Bout], int, float]], behaviours: Sequence[str] = ()
) -> None:
    """Write a project with an observation for each (recording, video, bouts in frames, frames, frames a second).

    behaviours: those to choose from, of which some may have no bout.
    """
    found = (bout.behaviour for _, _, bouts, _, _ in answers for bout in bouts)
    names = list(dict.fromkeys([*behaviours, *found]))
    project = {
        "time_format": "seconds",
        "project_date": EPOCH,
        "project_name": path.stem,
        "project_description": "Answers of challengeflow, to be corrected",
        "project_format_version": "7.0",
        "subjects_conf": {},
        "behaviors_conf": {str(place): _behaviour(name, place) for place, name in enumerate(names)},
        "observations": {one[0]: _observation(*one[1:]) for one in answers},
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    path.write_text(json.dumps(project, indent=1) + "\n")


def _project(path: Path) -> dict[str, Any]:
    try:
        project = json.loads(text.read_text(path))
        sound = all(isinstance(one, dict) for one in project["observations"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"{path} is no project of BORIS; save it again in BORIS")
    return project


def _in_turn(events: Iterable[Sequence[str]]) -> Iterable[boris.Event]:
    """Each event as a START or STOP: the first of a subject, behaviour and modifiers starts, the next one stops."""
    going: set[tuple[str, ...]] = set()
    for time, subject, code, *modifiers in sorted(events, key=lambda event: float(event[0])):
        who = (subject, code, *modifiers)
        yield who, code, "STOP" if who in going else "START", time
        going ^= {who}


def _behaviour(name: str, place: int) -> dict[str, Any]:
    return {
        "type": "State event",
        "key": chr(ord("a") + place) if place < 26 else "",
        "code": name,
        "description": "",
        "category": "",
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _observation(video: str, bouts: Sequence[Bout], frames: int, fps: float) -> dict[str, Any]:
    events = [
        [round(frame / fps, 3), "", bout.behaviour, "", ""] for bout in bouts for frame in (bout.start, bout.stop)
    ]
    return {
        "file": {str(player): [video] if player == 1 else [] for player in range(1, 9)},
        "type": "MEDIA",
        "date": EPOCH,
        "description": "",
        "time offset": 0.0,
        "events": sorted(events, key=lambda event: event[0]),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {video: round(frames / fps, 3)},
            "fps": {video: fps},
            "hasVideo": {video: True},
            "hasAudio": {video: False},
            "offset": {"1": 0.0},
        },
    }
