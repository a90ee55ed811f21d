"""The focus is followed along a vessel that dives, and taken from there time stands upright."""

import numpy as np
import pytest

from challengeflow_clog_loss.video import focus

FRAMES, PLACES = 48, 30
PLACE = np.linspace(-1, 1, PLACES)


def band(course: np.ndarray, width: float = 4.0, noise: float = 4.0) -> np.ndarray:
    """A kymograph of a vessel without cells, in focus at each place around its frame."""
    away = (np.arange(FRAMES)[:, None] - course) / width
    return 60 * np.exp(-0.5 * away**2) + np.random.default_rng(0).normal(0, noise, (FRAMES, PLACES))


@pytest.mark.parametrize(
    "course",
    [np.full(PLACES, 20.0), 24 + 18 * PLACE, 24 - 21 * PLACE, 12 + 26 * PLACE**2, 30 + 10 * PLACE - 12 * PLACE**2],
    ids=["planar", "diagonal", "the other way", "horseshoe", "bent"],
)
def test_the_course_is_found(course):
    assert np.abs(focus.course(band(course)) - course).max() < 1.5


def test_a_vessel_that_crosses_is_passed_by():
    course = 24 + 15 * PLACE
    lines = band(course)
    lines[30:44, 6:10] += 90
    assert np.abs(focus.course(lines) - course).max() < 3


def test_upright_takes_frames_from_the_focus_of_each_place():
    course = np.array([3.0, 5.4, 9.6])
    values = np.arange(12)[:, None] + np.zeros((12, 3))
    moved, known = focus.upright(values, course, 4)
    assert moved.shape == (8, 3) and moved[4].tolist() == [3, 5, 10]
    assert known[:, 0].tolist() == [False, *[True] * 7] and known[:, 2].tolist() == [*[True] * 6, False, False]
    assert not moved[~known].any()
    wide, _ = focus.upright(np.repeat(values[:, None], 2, axis=1), course, 4)
    assert np.array_equal(wide[:, 0], moved) and np.array_equal(wide[:, 1], moved)
