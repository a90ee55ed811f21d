"""Generated vessels lie as real ones do: planar, diagonal, as a horseshoe, as a C, some diving all the time."""

from collections import Counter

import numpy as np
import pytest
from clog_loss_other_optics import write_other_video

from challengeflow_clog_loss.data import preprocess
from challengeflow_clog_loss.demo import synthesis, vessels
from challengeflow_clog_loss.video import focus
from challengeflow_clog_loss.video.kymograph import unrolled

PLACE = np.linspace(-0.5, 0.5, 41)


def test_shapes_come_in_their_shares():
    count = Counter(synthesis.shape_of(0, f"{number}") for number in range(2000))
    assert set(count) == set(vessels.SHAPES)
    for shape, share in vessels.SHAPES.items():
        assert count[shape] / 2000 == pytest.approx(share, abs=0.04)


def test_dives_are_heavy_tailed_and_planar_vessels_hardly_dive():
    random = np.random.default_rng(0)
    dives = {
        shape: np.array([np.ptp(vessels.depth_along(random, shape, PLACE)) for _ in range(500)])
        for shape in vessels.SHAPES
    }
    assert np.median(dives["planar"]) < 6
    for shape in ("diagonal", "horseshoe", "c-shaped"):
        assert 17 < np.median(dives[shape]) < 27
        assert (dives[shape] > 40).mean() > 0.1 and dives[shape].max() > 60


def test_a_horseshoe_comes_back_and_a_c_dives_more_and_more():
    random = np.random.default_rng(0)
    horseshoe, c_shaped = (np.abs(np.diff(vessels.depth_along(random, s, PLACE))) for s in ("horseshoe", "c-shaped"))
    assert horseshoe[[0, -1]].min() > 10 * horseshoe[len(horseshoe) // 2]
    assert c_shaped.max() > 10 * c_shaped.min() and np.argmax(c_shaped) == len(c_shaped) - 1


def test_a_c_is_bent_into_half_a_circle():
    straight, bent = (
        [vessels.centreline(np.random.default_rng(seed), np.zeros(2), 60, 0.5, shape) for seed in range(40)]
        for shape in ("planar", "c-shaped")
    )
    apart = [np.mean([np.linalg.norm(path[-1] - path[0]) for path in paths]) for paths in (straight, bent)]
    assert apart[1] < 0.75 * apart[0]


def test_the_second_generator_dives_as_it_is_told(tmp_path):
    write_other_video(tmp_path / "a.mp4", 3, True, "diagonal", (40, 40), 56)
    preprocess.prepare(tmp_path / "a.mp4", 56, 8, tmp_path / "a.npz")
    course = focus.course(unrolled(preprocess.read_kept(tmp_path / "a.npz")[1])[1])
    assert 28 < np.ptp(course) < 52
