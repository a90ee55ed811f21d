"""Features taken where the vessel is in focus tell standing from moving cells, diving or not, and are always finite."""

import numpy as np
import pytest

from challengeflow_clog_loss.features.focus_features import envelope, focus_features, texture_in_focus

FRAMES, PLACES = 48, 30


def lines(speed: float, dive: float, seed: int = 0, noise: float = 3.0) -> np.ndarray:
    """Light of a vessel with gaps that move `speed` places a frame, in focus `dive` frames later at its other end."""
    random = np.random.default_rng(seed)
    cells = np.convolve(random.random(400) < 0.15, np.ones(3), mode="same").clip(0, 1)
    frame, place = np.mgrid[:FRAMES, :PLACES]
    away = (frame - FRAMES / 2 - dive * (place / PLACES - 0.5)) / 4
    pattern = cells[np.round(place + speed * frame + 50).astype(int)]
    return 80 * np.exp(-0.5 * away**2) * (1 - 0.7 * pattern) + random.normal(0, noise, (FRAMES, PLACES))


@pytest.mark.parametrize("dive", [0, 20, 36])
def test_standing_cells_stay_and_moving_ones_do_not(dive):
    still, flowing = ([focus_features(lines(speed, dive, seed)) for seed in range(6)] for speed in (0.0, 3.0))
    for name in ("focus_later_to_chance", "focus_odd_even", "focus_kept_3"):
        assert min(each[name] for each in still) > max(each[name] for each in flowing), name


def test_the_envelope_follows_the_dive():
    bare = lines(0.0, 30, noise=0.0)
    light = envelope(bare)
    assert np.abs(light.argmax(axis=0) - (FRAMES / 2 + 30 * (np.arange(PLACES) / PLACES - 0.5))).max() <= 1.5
    texture, weight = texture_in_focus(bare)
    assert weight.max() == 1 and np.abs(texture).max() <= 2 and (weight > 0).mean() < 0.5


@pytest.mark.parametrize("shape", [(8, 3), (8, 40), (60, 3), (300, 12)])
def test_short_narrow_and_empty_ones_have_figures_too(shape):
    for values in (np.zeros(shape), np.full(shape, 50.0), np.random.default_rng(0).normal(0, 1, shape)):
        assert np.isfinite(list(focus_features(values.astype(np.float32)).values())).all()
