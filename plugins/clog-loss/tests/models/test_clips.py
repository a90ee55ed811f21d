"""Clips: which frames, size and brightness; changes of a clip; the straightened vessel; the stages' training sets."""

from dataclasses import replace

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_clog_loss.models.networks import clips, training_set
from challengeflow_clog_loss.video.straightened import ACROSS, PLACE, straighten

torch = pytest.importorskip("torch")

from challengeflow_clog_loss.models.networks import augmentation, pretrained  # noqa: E402
from challengeflow_clog_loss.models.networks.densenet3d_net import DenseNet3d  # noqa: E402
from challengeflow_clog_loss.models.networks.timm_temporal_net import shifted  # noqa: E402


def region(rows: int, columns: int, frames: int = 6, light: float = 100.0) -> dict[str, np.ndarray]:
    """A bright horizontal bar in a region that fills its box but for a margin of 8."""
    cube = np.full((frames, rows, columns), 20.0)
    cube[:, rows // 2 - 3 : rows // 2 + 3, 8:-8] += light
    mask = np.zeros((rows, columns), np.uint8)
    mask[8:-8, 8:-8] = 1
    return {"cube": cube.astype(np.uint8), "mask": mask, "surroundings": np.full((frames, 5), 20, np.float32)}


@pytest.mark.parametrize(
    ("length", "sampling", "expected"),
    [
        (10, "centre", [[3, 4, 5, 6]]),
        (3, "centre", [[0, 1, 2, 1]]),
        (1, "centre", [[0, 0, 0, 0]]),
        (3, "pad", [[0, 1, 2, -1]]),
        (10, "uniform", [[0, 3, 6, 9]]),
        (9, "sliding", [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [5, 6, 7, 8]]),
    ],
)
def test_frames_of_clips(length, sampling, expected):
    assert [numbers.tolist() for numbers in clips.stretches(length, 4, sampling, None)] == expected


@pytest.mark.parametrize("sampling", ["centre", "pad", "sliding"])
def test_training_clips_are_successive_frames_from_anywhere(sampling):
    random = np.random.default_rng(0)
    starts = set()
    for _ in range(50):
        (numbers,) = clips.stretches(10, 4, sampling, random)
        assert np.all(np.diff(numbers) == 1)
        starts.add(int(numbers[0]))
    assert starts == set(range(7))


def test_brightness_does_not_depend_on_the_gain_nor_size_on_the_box():
    dim, bright = (clips.region(region(40, 60, light=light), 64, "channel") for light in (50, 150))
    np.testing.assert_allclose(dim.grey, bright.grey, atol=0.05)
    assert dim.grey.shape == (6, 64, 64) and dim.grey.max() == pytest.approx(1, abs=0.05)
    rows = np.flatnonzero(dim.grey[0].max(axis=1) > 0.5)
    assert len(rows) == 6  # not enlarged
    shrunk = clips.region(region(100, 250), 64, "channel")
    assert shrunk.grey.shape == (6, 64, 64) and 0.5 < shrunk.mask.max() <= 1


def test_what_is_seen_of_the_outline():
    arrays = region(40, 60)
    arrays["cube"][:, 6:8] = 200  # beyond the outline
    seen = {outline: clips.region(arrays, 64, outline) for outline in ("channel", "blank", "ignore")}
    assert seen["ignore"].mask.min() == 1 and seen["channel"].mask.min() == 0
    assert np.all(seen["blank"].grey[:, seen["blank"].mask == 0] == 0)
    assert np.any(seen["channel"].grey[:, seen["channel"].mask == 0] > 1)


def test_empty_frames_are_empty():
    clip = clips.take(clips.region(region(40, 60), 32, "channel"), np.array([0, 1, -1]))
    assert clip.grey[1].any() and not clip.grey[2].any()


def test_a_bent_vessel_is_pulled_straight():
    rows, columns = np.mgrid[:80, :80]
    radius, angle = np.hypot(rows - 40, columns - 40), np.arctan2(rows - 40, columns - 40)
    inside = (np.abs(radius - 25) < 9) & (np.abs(angle) < 2)
    gaps = np.sin(angle * 25 / 3) > 0  # one about every 19 pixels of arc
    cube = np.full((5, 80, 80), 20.0)
    cube[:, (np.abs(radius - 25) < 3) & (np.abs(angle) < 1.8)] = 120
    cube[:, (np.abs(radius - 25) < 3) & (np.abs(angle) < 1.8) & gaps] = 60
    straight = straighten(cube.astype(np.uint8), inside, np.full(5, 20.0))
    assert straight.shape[:2] == (5, ACROSS) and abs(straight.shape[2] - 2 * 1.8 * 25 / PLACE) < 8
    middle, edge = straight[0, ACROSS // 2, 3:-3], straight[0, 0, 3:-3]
    assert middle.mean() > 70 and edge.mean() < 40
    assert np.count_nonzero(np.diff((middle > 90).astype(int)) == 1) in (4, 5, 6)


def test_changes_keep_grey_and_mask_together():
    clip = torch.zeros(2, 5, 8, 8)
    clip[:, :, 1:3, 2:6] = 1
    still = augmentation.changed(clip, augmentation.NONE)
    assert torch.equal(still, clip)
    change = replace(augmentation.NONE, flips=(True, True, False), turns=1, shift=(1, 2), gamma=0.8)
    moved = augmentation.changed(clip, change)
    assert not torch.equal(moved, clip) and torch.equal(moved[0], moved[1])
    clip[0] *= torch.arange(5.0)[:, None, None]
    assert augmentation.changed(clip, replace(augmentation.NONE, flips=(True, False, False)))[0].amax(
        (1, 2)
    ).tolist() == [*(4, 3, 2, 1, 0)]
    assert augmentation.changed(clip, replace(augmentation.NONE, dropped=(2,)))[0].amax((1, 2)).tolist() == [
        0,
        1,
        1,
        3,
        4,
    ]
    noisy = [augmentation.changed(clip, replace(augmentation.NONE, noise=0.1, seed=seed)) for seed in (1, 1, 2)]
    assert torch.equal(noisy[0], noisy[1]) and not torch.equal(noisy[0], noisy[2])
    assert torch.equal(noisy[0][1], clip[1])


def test_batches_have_their_share_and_leave_no_video_out():
    stalled = np.arange(40) < 6
    drawn = list(training_set.batches(stalled, 8, 0.25, 15, np.random.default_rng(0)))
    assert all(stalled[batch].sum() == 2 for batch in drawn)
    assert set(np.concatenate(drawn)) == set(range(40))


def test_stages_choose_their_videos():
    n = 100
    stalled, tier1 = np.arange(n) < 10, np.arange(n) % 5 > 0
    crowd = np.where(stalled, 0.55, 0.1)
    crowd[[20, 30, 41]] = 0.8  # flowing, but the crowd thought otherwise
    videos = training_set.TrainingVideos(["A"] * n, stalled, tier1, crowd)

    def chosen(flowing, tier1_only, crowd_from=0.5):
        stage = {"flowing": flowing, "tier1_only": tier1_only, "epochs": 1}
        return training_set.of_stage(videos, stage, crowd_from, seed=0)

    assert len(chosen(None, False)) == n
    assert len(chosen(1, False)) == 20 and {20, 30, 41} <= set(chosen(1, False).tolist())
    assert tier1[chosen(4, True)].all() and stalled[chosen(4, True)].sum() == 8
    assert stalled[chosen(None, False, crowd_from=0.6)].sum() == 8  # those of tier 1 stay
    with pytest.raises(InputError, match="is left with 0 stalled"):
        training_set.of_stage(videos.only(np.arange(10, n)), {"flowing": 1, "tier1_only": False, "epochs": 1}, 0.5, 0)


def test_weights_of_a_2d_network_answer_a_still_clip_alike(tmp_path):
    kernel = torch.randn(64, 3, 7, 7)
    net = DenseNet3d([1], 4, 0.0)
    own = {f"features.{name}": value for name, value in net.features.state_dict().items()}
    torch.save({"state_dict": own | {"features.conv0.weight": kernel}}, tmp_path / "weights.pth")
    pretrained.put_into(net, str(tmp_path / "weights.pth"))
    still = torch.rand(1, 1, 1, 20, 20).expand(1, 2, 5, 20, 20)
    expected = torch.nn.functional.conv2d(still[:, :1, 0].expand(1, 3, 20, 20), kernel, stride=2, padding=3)
    torch.testing.assert_close(net.features.conv0(still)[:, :, 2], expected, atol=1e-4, rtol=1e-4)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    net = DenseNet3d([1], 4, 0.0)
    with pytest.raises(InputError, match="there is no file"):
        pretrained.put_into(net, str(tmp_path / "none.pth"))
    (tmp_path / "noise.pth").write_bytes(b"no weights")
    with pytest.raises(InputError, match="cannot be read as weights"):
        pretrained.put_into(net, str(tmp_path / "noise.pth"))
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="holds 0 of the network's"):
        pretrained.put_into(net, str(tmp_path / "other.pth"))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="holds no state_dict"):
        pretrained.put_into(net, str(tmp_path / "list.pth"))


def test_shifted_channels_come_from_the_neighbours():
    found = torch.arange(3.0)[None, :, None].expand(1, 3, 8)
    moved = shifted(found)
    assert moved[0, :, 0].tolist() == [1, 2, 0] and moved[0, :, 1].tolist() == [0, 0, 1]
    assert torch.equal(moved[0, :, 2:], found[0, :, 2:])
