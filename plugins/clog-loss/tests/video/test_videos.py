"""Videos: the demo's codec and look, the outlined region, damage of every kind, and one real video."""

import importlib
import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from clog_loss_small_videos import write_small_video, write_sound

from challengeflow import InputError, Sample
from challengeflow.arrays import Arrays
from challengeflow_clog_loss.data import manifest, preprocess
from challengeflow_clog_loss.demo import metadata, synthesis
from challengeflow_clog_loss.video import decode, region, region_remarks, surroundings

FRAMES = 20


@pytest.fixture(scope="module")
def mp4(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("mp4") / "one.mp4"
    synthesis.write_video(path, 0, "100000", "A", True, FRAMES, 512)
    return path


def test_demo_video_has_the_real_codec(mp4):
    data = mp4.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    with av.open(str(mp4)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("h264", "High")
        assert (stream.pix_fmt, stream.average_rate, stream.frames) == ("yuv420p", 15, FRAMES)
        assert (stream.width, stream.height) == (512, 384)
        frames = list(container.decode(stream))
    assert all(frame.pict_type == av.video.frame.PictureType.I for frame in frames)
    assert 25_000 < len(data) / FRAMES < 65_000


def test_demo_video_is_the_same_each_time(mp4, tmp_path):
    synthesis.write_video(tmp_path / "again.mp4", 0, "100000", "A", True, FRAMES, 512)
    assert (tmp_path / "again.mp4").read_bytes() == mp4.read_bytes()


def test_demo_has_narrow_videos(tmp_path):
    sample = next(str(n) for n in range(100000, 100100) if _is_narrow(str(n)))
    metadata.write_video(tmp_path / "narrow.mp4", 0, sample, "A", False, 3)
    decoded = list(decode.frames(tmp_path / "narrow.mp4"))
    assert [frame.luma.shape for frame in decoded] == [(384, 418)] * 3
    assert region.find_region(decoded).inside.any()


def _is_narrow(sample: str) -> bool:
    return np.random.default_rng([0, 4, *sample.encode()]).random() < metadata.NARROW


def test_region_is_one_box_inside_the_outline(mp4):
    found = region.find_region(list(decode.frames(mp4)))
    _, drawn = synthesis.draw_video(*_arguments("100000", "A", True))
    height, width = np.nonzero(drawn)[0], np.nonzero(drawn)[1]
    rows, columns = found.box(0)
    assert abs(rows.start - height.min()) <= 2 and abs(rows.stop - 1 - height.max()) <= 2
    assert abs(columns.start - width.min()) <= 2 and abs(columns.stop - 1 - width.max()) <= 2
    assert not (found.inside & drawn).any()
    assert found.found_by == "colour" and (found.gap, found.outlines) == (0, 1) and found.stability > 0.8
    assert found.quality()["area"] == found.inside.sum() and not found.quality()["at_border"]


def _arguments(sample: str, project: str, stalled: bool):
    look = synthesis.vessels.draw_look(np.random.default_rng([0, 1, *project.encode()]))
    return (
        np.random.default_rng([0, 2, *sample.encode()]),
        look,
        stalled,
        FRAMES,
        (384, 512),
        synthesis.shape_of(0, sample),
    )


def test_outline_is_painted_over(mp4):
    decoded = list(decode.frames(mp4))
    found = region.find_region(decoded)
    luma = np.stack([frame.luma for frame in decoded])
    clear = region.without_outline(luma.copy(), found.outline)
    assert luma[:, found.outline].mean() > 80
    assert abs(clear[:, found.outline].mean() - clear[:, found.inside].mean()) < 25
    assert np.array_equal(clear[:, found.inside], luma[:, found.inside])


@pytest.mark.parametrize(("codec_format", "found_by"), [("bgr0", "colour"), ("gray", "luma")])
def test_codecs_without_planes_of_colour(mp4, tmp_path, codec_format, found_by):
    path = tmp_path / "other.mkv"
    with av.open(str(mp4)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = 512, 384, codec_format
        for frame in source.decode(video=0):
            target.mux(stream.encode(frame.reformat(format=codec_format)))
        target.mux(stream.encode())
    decoded = list(decode.frames(path))
    assert decoded[0].codec_format == codec_format
    found, by_planes = (region.find_region(frames) for frames in (decoded, list(decode.frames(mp4))))
    assert found.found_by == found_by
    assert (found.inside & by_planes.inside).sum() > 0.8 * (found.inside | by_planes.inside).sum()


def blank(coloured: np.ndarray) -> list[decode.Frame]:
    """Black frames of twice the size that are orange where `coloured` is."""
    u, v = (np.where(coloured, value, 128).astype(np.uint8) for value in (57, 206))
    black = np.zeros([2 * length for length in coloured.shape], np.uint8)
    return [decode.Frame(black, (u, v), "yuv420p")] * 3


def test_outline_open_at_the_edge_of_the_frame():
    coloured = np.zeros((60, 80), bool)
    coloured[20:40, 30] = coloured[20, :31] = coloured[39, :31] = True
    found = region.find_region(blank(coloured))
    assert found.inside[60, 30] and found.quality()["at_border"]


def test_outline_from_edge_to_edge():
    coloured = np.zeros((60, 80), bool)
    coloured[:, [30, 42]] = True
    found = region.find_region(blank(coloured))
    assert found.inside[60, 72] and not found.inside[60, [20, 120]].any() and found.outlines == 1


def test_an_outline_around_the_whole_frame():
    coloured = np.zeros((60, 80), bool)
    coloured[[1, 58], 1:79] = coloured[1:59, [1, 78]] = True
    found = region.find_region(blank(coloured))
    assert found.inside[60, 80] and not found.inside[0].any()


def test_an_outline_with_a_gap_is_closed_and_the_gap_told():
    coloured = np.zeros((60, 80), bool)
    coloured[20:40, [20, 50]] = coloured[[20, 39], 20:51] = True
    coloured[28:31, 20] = False
    found = region.find_region(blank(coloured))
    assert found.inside[60, 70] and found.gap == 8 and found.quality()["area"] > 900


def test_each_kind_of_broken_video_has_its_reason_and_stops_nobody(stages):
    raw = stages.folder("raw", "test-0")
    count = 18
    good = write_small_video(raw / "good.mp4", frames=count).read_bytes()
    middle = good.index(b"mdat") + 4 + (good.index(b"moov") - good.index(b"mdat")) // 2
    (raw / "truncated.mp4").write_bytes(good[: len(good) // 2])
    (raw / "zeroed.mp4").write_bytes(good[:middle] + bytes(4000) + good[middle + 4000 :])
    write_sound(raw / "silent.mp4")
    (raw / "empty.mp4").write_bytes(b"")
    write_small_video(raw / "one.mp4", frames=1)
    write_small_video(raw / "odd.mp4", size=(97, 131), codec_format="yuv444p")
    write_small_video(raw / "full-chroma.mp4", codec_format="yuv444p")
    write_small_video(raw / "grey.mp4", codec_format="gray")
    write_small_video(raw / "plain.mp4", outlines=())
    write_small_video(raw / "twice.mp4", size=(96, 200), outlines=((20, 60, 30, 90), (20, 50, 110, 160)))
    (raw / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(50_000))
    (raw / "short.mp4").write_bytes(good)
    (raw / "loop.mp4").symlink_to(raw / "nowhere.mp4")
    told = {"one": 1, "short": 52}
    reasons = {
        "good": "ok",
        "truncated": "damaged: InvalidDataError",
        "zeroed": "damaged: InvalidDataError",
        "silent": "no video stream",
        "empty": "file empty",
        "one": "too few frames to see motion: 1",
        "odd": "ok: odd size 131 x 97; pixel format yuv444p",
        "full-chroma": "ok: pixel format yuv444p",
        "grey": "ok: no colour, outline found by its brightness",
        "plain": "no outline found",
        "twice": "ok: 2 outlines, the largest used",
        "noise": "damaged: InvalidDataError",
        "short": "18 frames, expected 52",
        "loop": "file missing",
        "absent": "file missing",
    }
    samples = tuple(Sample(n, "test", n, {"num_frames": str(told.get(n, count))}) for n in reasons)
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False, threads=2).prepared)
    found = {name: prepared.attributes(name) for name in prepared}
    assert list(found) == list(reasons)
    said = {name: "; ".join(region_remarks.remarks(attributes)) for name, attributes in found.items()}
    assert {name: found[name]["status"] + (f": {said[name]}" if said[name] else "") for name in found} == reasons
    assert all(attributes["shape"] == [1] for attributes in found.values())
    assert {name for name in found if "thumbnail" in prepared[name]} == {"zeroed", "one", "plain", "short"}
    assert not list((stages.root / "gold" / "test-0").iterdir())
    inside = {name: prepared[name]["mask"].sum() for name in prepared.ok()}
    assert all(abs(inside[name] / inside["good"] - 1) < 0.12 for name in inside)


def test_what_happens_without_an_outline_is_a_parameter(stages):
    raw = stages.folder("raw", "test-0")
    write_small_video(raw / "good.mp4")
    write_small_video(raw / "plain.mp4", outlines=())
    samples = tuple(Sample(n, "test", n, {"num_frames": "18"}) for n in ("good", "plain"))
    with pytest.raises(InputError, match=r"1 videos of shard test-0 have no outline \(the first: plain\)"):
        stages.preprocess("test-0", samples, labelled=False, no_region="fail")
    shutil.rmtree(stages.root / "work")
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False, no_region="full-frame").prepared)
    assert prepared.ok() == ["good", "plain"]
    assert prepared["plain"]["cube"].shape == (18, 96, 128) and prepared["plain"]["mask"].all()
    assert region_remarks.remarks(prepared.attributes("plain")) == ["no outline, the whole frame used"]


def test_a_fetched_video_keeps_its_checksum_and_a_missing_one_its_reason(stages):
    raw = stages.folder("raw", "test-0")
    write_small_video(raw / "a.mp4")
    manifest.write(raw, [("a", "a.mp4", 123, "abc", ""), ("b", "b.mp4", "", "", "not on the server")])
    samples = tuple(Sample(n, "test", n, {"num_frames": "18"}) for n in "ab")
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert (prepared.attributes("a")["bytes"], prepared.attributes("a")["sha256"]) == (123, "abc")
    assert prepared.attributes("b")["status"] == "file missing (not on the server)"


def test_any_number_of_frames_is_streamed(tmp_path, monkeypatch):
    path = write_small_video(tmp_path / "long.mp4", frames=500, size=(48, 64), outlines=((10, 38, 12, 50),))
    preprocess.prepare(path, 500, 4, tmp_path / "held.npz")
    monkeypatch.setattr(preprocess, "HELD_BYTES", 60_000)  # ten frames
    preprocess.prepare(path, 500, 4, tmp_path / "streamed.npz")
    held, streamed = (preprocess.read_kept(tmp_path / f"{name}.npz") for name in ("held", "streamed"))
    assert held[0]["status"] == streamed[0]["status"] == "ok" and held[0]["box"] == streamed[0]["box"]
    assert held[1]["cube"].shape[0] == 500 and np.array_equal(held[1]["cube"], streamed[1]["cube"])


def test_preprocessing_goes_on_from_what_is_kept(mp4, stages):
    raw = stages.folder("raw", "test-0")
    (raw / "a.mp4").write_bytes(mp4.read_bytes())
    samples = (Sample("a", "test", "a", {"num_frames": str(FRAMES)}), Sample("b", "test", "b", {"num_frames": ""}))
    preprocess.prepare(raw / "a.mp4", FRAMES, 8, stages.folder("work", "preprocess-test-0") / "a.npz")
    (raw / "a.mp4").unlink()
    (raw / "b.mp4").write_bytes(mp4.read_bytes())
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert prepared.ok() == ["a", "b"]
    assert all(np.array_equal(prepared["a"][name], prepared["b"][name]) for name in prepared["a"])
    assert not list((stages.root / "work" / "preprocess-test-0").iterdir())


DEADLY = """
import os, signal, time
from pathlib import Path

def work(number, folder):
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 5:
        time.sleep(60)
    if number == 6:
        raise ValueError("six")
    (Path(folder) / str(number)).touch()

def prepare(path, *rest):
    from challengeflow_clog_loss.data import preprocess
    if path.stem == "b":
        os.kill(os.getpid(), signal.SIGSEGV)
    preprocess.prepare(path, *rest)
"""


@pytest.fixture
def deadly(tmp_path, monkeypatch):
    (tmp_path / "clog_loss_deadly.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "clog_loss_deadly", raising=False)
    return importlib.import_module("clog_loss_deadly")


def test_a_shard_with_a_deadly_video_is_prepared(stages, deadly, monkeypatch):
    monkeypatch.setattr(preprocess, "prepare", deadly.prepare)
    raw = stages.folder("raw", "test-0")
    for name in "abc":
        write_small_video(raw / f"{name}.mp4")
    samples = tuple(Sample(name, "test", name, {"num_frames": "18"}) for name in "abc")
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert prepared.ok() == ["a", "c"] and prepared.attributes("b")["status"] == "the reader died (SIGSEGV)"


def test_surroundings_see_noise_and_vessels(mp4):
    decoded = list(decode.frames(mp4))
    figures = surroundings.measure([surroundings.blocks(f.luma) for f in decoded], region.find_region(decoded))
    assert figures.shape == (FRAMES, len(surroundings.COLUMNS)) and np.isfinite(figures).all()
    figure = dict(zip(surroundings.COLUMNS, figures.mean(axis=0), strict=True))
    assert figure["vessel"] > figure["background"] + 10 and figure["vessel_change"] > figure["background_change"]
    black = [surroundings.blocks(np.full((64, 64), 16, np.uint8))] * 5
    assert np.isnan(surroundings.measure(black, region.Region(*np.zeros((2, 64, 64), bool), "colour"))).all()


def test_surroundings_by_hand():
    random = np.random.default_rng(3)
    luma = random.integers(20, 60, (3, 60, 60)).astype(np.uint8)
    luma[:, 10:20, 10:40] += 120
    nowhere = region.Region(*np.zeros((2, 60, 60), bool), "colour")
    figures = surroundings.measure([surroundings.blocks(frame) for frame in luma], nowhere)[1]
    means = luma.reshape(3, 30, 2, 30, 2).mean(axis=(2, 4)).reshape(3, -1)
    level = means.mean(axis=0)
    dark, vessel = level <= np.quantile(level, 0.5), level >= np.quantile(level, 0.92)
    change = (means[1] - (means[0] + means[2]) / 2) ** 2
    correlation = np.corrcoef(means[1][vessel], means[2][vessel])[0, 1]
    expected = [means[1][dark].mean(), change[dark].mean(), means[1][vessel].mean(), change[vessel].mean(), correlation]
    assert figures == pytest.approx(expected, rel=1e-4)


def test_real_video_has_one_box_over_all_frames(real_data):
    decoded = list(decode.frames(real_data / "104611.mp4"))
    assert len(decoded) == 52 and decoded[0].luma.shape == (384, 512)
    found = region.find_region(decoded)
    assert found.found_by == "colour" and found.quality()["outlines"] == 1 and found.stability > 0.9
    rows, columns = found.box(0)
    assert (rows.start, rows.stop, columns.start, columns.stop) == (83, 167, 105, 161)
    assert len({tuple(map(str, region.find_region([frame]).box(0))) for frame in decoded}) == 1
