"""A second, differently made pair of animals: the order that the demo gives to models holds there too.

Nothing is shared with the demo's simulator: 25 frames a second, another image and axis, bodies drawn as arcs that bend,
motion by blended random walks instead of aims, bouts from one table of durations, labels exact, another kind of noise.
"""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import matthews_corrcoef

from challengeflow_mabe_task1.data.layouts import MARS_PARTS
from challengeflow_mabe_task1.demo.official_files import simulate
from challengeflow_mabe_task1.features.pose_recipe import Recipe, feature_blocks
from challengeflow_mabe_task1.scoring.metric import confusion, f1

SECOND_FPS = 25.0
STATES = ("attack", "investigation", "mount", "alone", "huddle", "pursuit")
SHARES = (0.09, 0.3, 0.1, 0.31, 0.12, 0.08)
SECONDS = (1.3, 2.5, 3.5, 3.0, 3.0, 1.5)
LABEL = np.array([0, 1, 2, 3, 3, 3])


def second_world(seed, frames=2500):
    """Keypoints (T, 2, 2, 7) in pixels of 640 x 480, labels (T,)."""
    random = np.random.default_rng(seed)
    states = _states(frames, random)
    blend = np.stack([gaussian_filter1d((states == k).astype(float), 4) for k in range(len(STATES))], axis=1)

    def walk(width):
        return gaussian_filter1d(random.normal(size=frames), width) * width**0.5

    pace = blend @ np.array([2.2, 0.35, 0.4, 0.9, 0.05, 3.0])
    heading = np.cumsum(0.03 + 0.16 * walk(12), axis=0) + np.cumsum(pace * 0.01 * walk(5))
    place = np.cumsum(pace * np.exp(1j * heading)) / SECOND_FPS
    place -= gaussian_filter1d(place.real, 150) + 1j * gaussian_filter1d(place.imag, 150)
    nose = random.integers(-1, 2, frames // 50 + 1).repeat(50)[:frames]
    away = 3 + walk(60) + 1j * walk(60) * 2
    whirl = np.exp(1j * (np.cumsum(np.full(frames, 0.28)) + walk(6)))
    offsets = [
        0.45 * whirl,
        -0.95 + 0.45 * nose,
        np.full(frames, -0.42),
        away,
        np.full(frames, 0.1 + 0.5j),
        -1.1 + 0.2j,
    ]
    offset = sum(blend[:, k] * np.broadcast_to(value, frames) for k, value in enumerate(offsets))
    turns = [2.4 + 2 * walk(4), 0.25 * walk(10), 0.1 * walk(10), 3 * walk(80), 0.2 + 0.1 * walk(20), 0.3 * walk(8)]
    turn = sum(blend[:, k] * value for k, value in enumerate(turns))
    resident = place + offset * np.exp(1j * heading)
    fierce = blend[:, 0, None] * 0.04
    bodies = [_arc(resident, heading + turn, walk(10)), _arc(place, heading, walk(10))]
    points = np.stack(bodies, axis=1) * 60
    points = points + 60 * fierce[:, :, None] * (
        random.normal(size=points.shape) + 1j * random.normal(size=points.shape)
    )
    points += random.laplace(0, 1.2, points.shape) + 1j * random.laplace(0, 1.2, points.shape) + 320 + 240j
    keypoints = np.stack([points.real, points.imag], axis=2)
    return keypoints.astype(np.float32), LABEL[states]


def _states(frames, random):
    rate = np.array(SHARES) / np.array(SECONDS)
    states = []
    while len(states) < frames:
        state = random.choice(len(STATES), p=rate / rate.sum())
        states += [state] * max(6, round(random.exponential(SECONDS[state]) * SECOND_FPS))
    return np.array(states[:frames])


def _arc(place, heading, bend):
    """Seven parts along a bent line: nose, ears, neck, hips, tail base."""
    along = np.array([0.9, 0.66, 0.66, 0.46, -0.2, -0.2, -0.5])
    aside = np.array([0, 0.16, -0.16, 0, 0.22, -0.22, 0])
    curve = along + 1j * (aside + 0.25 * bend[:, None] * along**2)
    return place[:, None] + curve * np.exp(1j * heading[:, None])


def demo_world(seed):
    sequence = simulate(11, seed)
    return sequence["keypoints"], np.array(sequence["annotations"])


WORLDS = {"demo": (demo_world, 30.0), "second": (second_world, SECOND_FPS)}


@pytest.fixture(scope="module")
def classifier():
    """Trained on the demo alone."""
    tracks = [demo_world(k) for k in range(6)]
    features = np.concatenate([_features(track, 30.0)[::2] for track, _ in tracks])
    labels = np.concatenate([labels[::2] for _, labels in tracks])
    return HistGradientBoostingClassifier(
        max_iter=25, learning_rate=0.25, max_leaf_nodes=15, max_bins=63, early_stopping=False, random_state=0
    ).fit(features, labels)


def _features(track, fps):
    recipe = Recipe(STATES, MARS_PARTS, (6, 3), windows=(0.5, 2))
    return np.concatenate([made for _, made in feature_blocks(recipe, track, {"fps": fps})])


@pytest.mark.parametrize("world, least", [("demo", 0.5), ("second", 0.4)])
def test_the_model_trained_on_the_demo_keeps_its_order(classifier, world, least):
    make, fps = WORLDS[world]
    counts, chance = 0, 0
    for seed in (100, 101):
        track, labels = make(seed)
        counts = counts + confusion(labels, classifier.predict(_features(track, fps)), 4)
        chance = chance + confusion(labels, np.random.default_rng(seed).permutation(labels), 4)
    assert f1(chance)[:3].mean() < 0.2
    assert f1(counts)[:3].mean() > least


STATISTICS = {
    "time": lambda track: np.arange(len(track)),
    "length": lambda track: np.full(len(track), len(track)),
    "place across": lambda track: track[:, 0, 0].mean(axis=1),
    "place along": lambda track: track[:, 1, 1].mean(axis=1),
    "variance": lambda track: np.full(len(track), track.var()),
    "size": lambda track: np.linalg.norm(track[:, 0, :, 0] - track[:, 0, :, 6], axis=1),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_simple_statistic_tells_next_to_nothing(world, statistic):
    make, _ = WORLDS[world]
    tracks = [make(seed) for seed in range(200, 216)]
    values = np.concatenate([STATISTICS[statistic](track) for track, _ in tracks])
    labels = np.concatenate([labels for _, labels in tracks])
    half = np.repeat(np.arange(16) % 2, [len(labels) for _, labels in tracks])
    for behaviour in range(3):
        cut = _best_cut(values[half == 0], labels[half == 0] == behaviour)
        assert abs(matthews_corrcoef(labels[half == 1] == behaviour, values[half == 1] > cut)) < 0.2


def _best_cut(values, truth):
    cuts = np.unique(np.quantile(values, np.linspace(0.05, 0.95, 10)))
    return max(cuts, key=lambda cut: abs(matthews_corrcoef(truth, values > cut)))
