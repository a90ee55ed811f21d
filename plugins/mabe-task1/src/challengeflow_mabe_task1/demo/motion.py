"""How the simulated animals move and how a tracker sees them.

Lengths are in body lengths (neck to tail base) until `film` brings them to pixels; positions are complex, x + iy.
"""

import cmath
import math

import numpy as np

from challengeflow_mabe_task1.demo.behaviour_states import Bout

PARTS = np.array([0.95, 0.72 + 0.17j, 0.72 - 0.17j, 0.5, -0.22 + 0.24j, -0.22 - 0.24j, -0.5])
"""MARS's seven parts of an animal that looks along x, about its centre."""

HEAD = np.array([True, True, True, False, False, False, False])
ARENA = 9.0 + 5.0j
"""Width and depth of the cage in body lengths."""

CONTACT = ("attack", "tussle", "mount", "investigation", "rest")


def move(bouts: list[Bout], frames: int, fps: float, random: np.random.Generator) -> np.ndarray:
    """Centre, heading and bend of resident and intruder: (frames, 2, 3) complex (heading and bend are angles)."""
    track = np.empty((frames, 2, 3), complex)
    place = [complex(random.uniform(1, 8), random.uniform(1, 4)) for _ in range(2)]
    heading = random.uniform(-math.pi, math.pi, 2).tolist()
    bend, velocity = [0.0, 0.0], [0j, 0j]
    vigour = random.lognormal(0, 0.15)
    for bout in bouts:
        plan = _plan(bout.state, vigour, random)
        noise = random.normal(size=(bout.stop - bout.start, 2, 4))
        for frame in range(bout.start, bout.stop):
            draw = noise[frame - bout.start]
            aims = _aims(bout.state, plan, place, heading, (frame - bout.start) / fps)
            for animal, (target, speed, facing, pull, restless) in enumerate(aims):
                wish = target - place[animal]
                distance = abs(wish)
                wish = wish / distance * min(speed, pull * distance) if distance > 1e-9 else 0j
                velocity[animal] += (wish - velocity[animal]) * min(1.0, 7 / fps)
                velocity[animal] += restless * complex(draw[animal, 0], draw[animal, 1]) / math.sqrt(fps)
                place[animal] = _inside(place[animal] + velocity[animal] / fps)
                turn = cmath.phase(cmath.exp(1j * (facing - heading[animal])))
                heading[animal] += turn * min(1.0, 6 / fps) + 0.3 * (0.3 + restless) * draw[animal, 2] / math.sqrt(fps)
                bend[animal] += -2 * bend[animal] / fps + (0.8 + 0.2 * restless) * draw[animal, 3] / math.sqrt(fps)
            track[frame, :, 0], track[frame, :, 1], track[frame, :, 2] = place, heading, bend
    return track


def film(track: np.ndarray, bouts: list[Bout], random: np.random.Generator) -> np.ndarray:
    """What a tracker makes of it: keypoints (frames, 2, 2, 7) in pixels of 1024 x 570, with its faults."""
    size = random.uniform(82, 98)
    length = np.array([1.05, 0.95]) * random.uniform(0.95, 1.05, 2)
    bend = np.where(HEAD, 1, 0) * track[:, :, 2, None].real
    shape = np.where(HEAD, 0.5 + (PARTS - 0.5) * np.exp(1j * bend), PARTS)
    points = track[:, :, 0, None] + shape * length[:, None] * np.exp(1j * track[:, :, 1, None].real)
    pixels = points * size + complex(512, 285) - ARENA * size / 2
    pixels += _shiver(pixels.shape, random) * random.uniform(1.5, 3.0)
    _misplace(pixels, bouts, random)
    keypoints = np.stack([pixels.real, pixels.imag], axis=2)
    return np.clip(keypoints, 0, np.array([1023.0, 569.0])[:, None])


def _plan(state: str, vigour: float, random: np.random.Generator) -> dict:
    """What stays the same during a bout."""
    return {
        "goals": [complex(random.uniform(0.8, 8.2), random.uniform(0.8, 4.2)) for _ in range(2)],
        "speed": vigour * random.uniform(0.6, 1.6),
        "still": random.random() < 0.4,
        "side": random.choice([-1, 1]),
        "aim": random.choice([-0.55, 0.0, 0.9], p=[0.5, 0.25, 0.25]),
        "spin": random.choice([-1, 1]) * random.uniform(3, 8),
        "phase": random.uniform(0, 6.28),
        "gap": random.uniform(0.75, 1.3),
    }


def _aims(state: str, plan: dict, place: list[complex], heading: list[float], time: float) -> list[tuple]:
    """For both animals: where to, how fast at most, which way to look, how eagerly, how restlessly."""
    resident, intruder = place
    ahead = cmath.exp(1j * heading[1])
    speed, goal = plan["speed"], plan["goals"][1]
    stroll = (
        (intruder, 0.1, heading[1], 1, 0.15) if plan["still"] else (goal, 0.9 * speed, _way(goal, place[1]), 1, 0.3)
    )
    if state == "apart":
        own = plan["goals"][0]
        return [(own, 1.5 * speed, _way(own, resident), 1, 0.4), stroll]
    if state == "rest":
        beside = intruder + ahead * (0.1 + 0.5j * plan["side"])
        return [(beside, 1.2, heading[1] + 0.3 * plan["side"], 2, 0.1), (intruder, 0.1, heading[1], 1, 0.1)]
    if state in ("chase", "follow"):
        pace = 4.5 * speed if state == "chase" else 1.6 * speed
        goal = goal if time < 0.8 else plan["goals"][0]
        behind = intruder - ahead * plan["gap"]
        eager = 0.9 if state == "chase" else 0.3
        return [(behind, 1.1 * pace, _way(intruder, resident), 4, eager), (goal, pace, _way(goal, intruder), 3, eager)]
    if state == "investigation":
        spot = intruder + ahead * (plan["aim"] + 0.2j * plan["side"])
        reach = spot - cmath.exp(1j * heading[0]) * 0.9
        return [(reach, 2.2 * speed, _way(spot, resident), 3, 0.35), stroll]
    if state == "mount":
        thrust = 0.07 * math.sin(2 * math.pi * 3.5 * time + plan["phase"])
        onto = intruder - ahead * (0.45 + thrust)
        return [(onto, 2.5, heading[1], 5, 0.3), stroll]
    return _wrestle(state, plan, place, time)


def _wrestle(state: str, plan: dict, place: list[complex], time: float) -> list[tuple]:
    """Attack and tussle: both animals whirl about their middle; an attack whirls faster and moves on."""
    fierce = state == "attack"
    spin = plan["spin"] * (1.0 if fierce else 0.5) * time + plan["phase"]
    drift = (plan["goals"][0] - (place[0] + place[1]) / 2) * (0.35 if fierce else 0.1)
    middle = (place[0] + place[1]) / 2 + drift
    reach = 0.35 * cmath.exp(1j * spin)
    pace, restless = (5.0, 1.8) if fierce else (3.0, 0.9)
    return [
        (middle + reach, pace, spin + math.pi + 0.6, 6, restless),
        (middle - reach, pace, spin - 0.9, 6, restless),
    ]


def _way(goal: complex, place: complex) -> float:
    return cmath.phase(goal - place)


def _inside(place: complex) -> complex:
    return complex(min(max(place.real, 0.3), ARENA.real - 0.3), min(max(place.imag, 0.3), ARENA.imag - 0.3))


def _shiver(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Tracking noise of about unit size: half of it new in each frame, half lasting for some."""
    fresh = random.normal(size=shape) + 1j * random.normal(size=shape)
    kernel = np.exp(-np.arange(20) / 6)
    kernel /= np.sqrt((kernel**2).sum())
    source = random.normal(size=(shape[0] + 19, shape[1] * shape[2], 2)) @ np.array([1, 1j])
    lasting = np.stack([np.convolve(column, kernel, "valid") for column in source.T], axis=1)
    return 0.6 * fresh + 0.8 * lasting.reshape(shape)


def _misplace(points: np.ndarray, bouts: list[Bout], random: np.random.Generator) -> None:
    """Parts that leap to the other animal, ears exchanged, and whole animals exchanged while they touch."""
    frames, _, parts = points.shape
    for _ in range(random.poisson(frames * 0.01)):
        start, animal, part = random.integers(frames), random.integers(2), random.integers(parts)
        stop = start + 1 + random.geometric(0.3)
        points[start:stop, animal, part] = points[start:stop, 1 - animal, part] + random.normal(0, 6)
    for bout in bouts:
        if bout.state in CONTACT and random.random() < (0.5 if bout.state in ("attack", "tussle") else 0.12):
            first = int(random.integers(bout.start, bout.stop))
            last = min(bout.stop, first + int(random.integers(3, 20)))
            points[first:last] = points[first:last, ::-1].copy()
