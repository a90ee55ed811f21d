"""Videos: the demo's codec and look, the outlined region, damage of every kind, and one real video."""

from pathlib import Path

import av
import numpy as np
import pytest

from challengeflow import Sample
from challengeflow.arrays import Arrays
from challengeflow_clog_loss import demo, prepared_videos, region, surroundings, synthesis, video, workers

FRAMES = 20


@pytest.fixture(scope="module")
def mp4(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("mp4") / "one.mp4"
    synthesis.write_video(path, 0, "100000", "A", True, FRAMES, 512)
    return path


def write_mp4(path: Path, luma: np.ndarray, outline: np.ndarray | None = None) -> Path:
    synthesis.encode(path, luma, np.zeros(luma.shape[1:], bool) if outline is None else outline)
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
    demo.write_video(tmp_path / "narrow.mp4", 0, sample, "A", False, 3)
    assert video.decode(tmp_path / "narrow.mp4", 3).luma.shape == (3, 384, 418)
    assert region.find_region(video.decode(tmp_path / "narrow.mp4", 3)).inside.any()


def _is_narrow(sample: str) -> bool:
    return np.random.default_rng([0, 4, *sample.encode()]).random() < demo.NARROW


def test_region_is_one_box_inside_the_outline(mp4):
    decoded = video.decode(mp4, FRAMES)
    found = region.find_region(decoded)
    _, drawn = synthesis.draw_video(*_arguments("100000", "A", True))
    height, width = np.nonzero(drawn)[0], np.nonzero(drawn)[1]
    rows, columns = found.box(0)
    assert abs(rows.start - height.min()) <= 2 and abs(rows.stop - 1 - height.max()) <= 2
    assert abs(columns.start - width.min()) <= 2 and abs(columns.stop - 1 - width.max()) <= 2
    assert not (found.inside & drawn).any()
    assert found.found_by == "colour"


def _arguments(sample: str, project: str, stalled: bool):
    look = synthesis.vessels.draw_look(np.random.default_rng([0, 1, *project.encode()]))
    return np.random.default_rng([0, 2, *sample.encode()]), look, stalled, FRAMES, (384, 512)


def test_outline_is_painted_over(mp4):
    decoded = video.decode(mp4, FRAMES)
    found = region.find_region(decoded)
    clear = region.without_outline(decoded.luma, found.outline)
    assert decoded.luma[:, found.outline].mean() > 80
    assert abs(clear[:, found.outline].mean() - clear[:, found.inside].mean()) < 15
    assert np.array_equal(clear[:, found.inside], decoded.luma[:, found.inside])


def test_grey_and_colour_codecs(mp4, tmp_path):
    decoded = video.decode(mp4, FRAMES)
    by_colour = region.find_region(decoded)
    grey = write_mp4(tmp_path / "grey.mp4", decoded.luma)
    by_luma = region.find_region(video.decode(grey, FRAMES))
    assert by_luma.found_by == "luma"
    both = (by_luma.inside & by_colour.inside).sum() / (by_luma.inside | by_colour.inside).sum()
    assert both > 0.8
    path = tmp_path / "colour.mkv"
    with av.open(str(mp4)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = 512, 384, "bgr0"
        for frame in source.decode(video=0):
            target.mux(stream.encode(frame.reformat(format="bgr0")))
        target.mux(stream.encode())
    in_colour = region.find_region(video.decode(path, FRAMES))
    assert in_colour.found_by == "colour" and in_colour.box(0) == by_colour.box(0)


def test_outline_open_at_the_edge_of_the_frame():
    coloured = np.zeros((60, 80), np.float32)
    coloured[20:40, 30] = coloured[20, :31] = coloured[39, :31] = 1
    found = region.find_region(video.Video(np.zeros((3, 120, 160), np.uint8), coloured))
    assert found.inside[60, 30]


def test_bad_videos_get_a_reason_and_stop_nobody(mp4, stages):
    raw = stages.folder("raw", "test-0")
    data = mp4.read_bytes()
    middle = len(data) // 2
    files = {
        "good": data,
        "empty": b"",
        "truncated": data[: len(data) // 2],
        "zeroed": data[:middle] + bytes(20_000) + data[middle + 20_000 :],
        "noise": np.random.default_rng(0).bytes(50_000),
        "short": data,
    }
    for name, content in files.items():
        (raw / f"{name}.mp4").write_bytes(content)
    plain = np.random.default_rng(0).integers(16, 60, (FRAMES, 64, 64)).astype(np.uint8)
    write_mp4(raw / "plain.mp4", plain)
    (raw / "loop.mp4").symlink_to(raw / "nowhere.mp4")
    names = [*files, "plain", "loop", "absent"]
    frames = {"short": "52"}
    samples = tuple(Sample(n, "test", n, {"num_frames": frames.get(n, str(FRAMES))}) for n in names)
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert list(prepared) == names
    status = {name: prepared.attributes(name)["status"] for name in names}
    assert status["good"] == "ok" and prepared.ok() == ["good"]
    assert status["empty"] == "file empty"
    assert status["absent"] == status["loop"] == "file missing"
    assert status["truncated"].startswith("damaged") and status["noise"].startswith("damaged")
    assert status["zeroed"].startswith("damaged") or "frames, expected" in status["zeroed"]
    assert status["short"] == f"{FRAMES} frames, expected 52"
    assert status["plain"] == "no outline found"
    assert all(prepared.attributes(name)["shape"] == [1] for name in names)
    assert not list((stages.root / "gold" / "test-0").iterdir())


def test_preprocessing_goes_on_from_what_is_kept(mp4, stages):
    raw = stages.folder("raw", "test-0")
    (raw / "a.mp4").write_bytes(mp4.read_bytes())
    samples = (Sample("a", "test", "a", {"num_frames": str(FRAMES)}), Sample("b", "test", "b", {"num_frames": ""}))
    prepared_videos.prepare(raw / "a.mp4", FRAMES, 8, stages.folder("work", "preprocess-test-0") / "a.npz")
    (raw / "a.mp4").unlink()
    (raw / "b.mp4").write_bytes(mp4.read_bytes())
    prepared = Arrays(stages.preprocess("test-0", samples, labelled=False).prepared)
    assert prepared.ok() == ["a", "b"]
    assert all(np.array_equal(prepared["a"][name], prepared["b"][name]) for name in prepared["a"])
    assert not list((stages.root / "work" / "preprocess-test-0").iterdir())


def test_a_dying_decoder_takes_one_video_along(tmp_path, monkeypatch):
    module = tmp_path / "clog_loss_deadly.py"
    module.write_text(
        "import os\nfrom pathlib import Path\n\n\ndef work(number, folder):\n"
        "    if number == 2:\n        os.abort()\n    (Path(folder) / str(number)).touch()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from clog_loss_deadly import work

    survived = dict(workers.for_each(work, [(number, str(tmp_path)) for number in range(6)], 2))
    assert survived == {number: number != 2 for number in range(6)}
    assert all((tmp_path / str(number)).exists() == (number != 2) for number in range(6))


def test_surroundings_see_noise_and_vessels(mp4):
    decoded = video.decode(mp4, FRAMES)
    figures = surroundings.measure(decoded.luma, region.find_region(decoded))
    assert figures.shape == (FRAMES, len(surroundings.COLUMNS)) and np.isfinite(figures).all()
    figure = dict(zip(surroundings.COLUMNS, figures.mean(axis=0), strict=True))
    assert figure["vessel"] > figure["background"] + 10 and figure["vessel_change"] > figure["background_change"]
    black = surroundings.measure(
        np.full((5, 64, 64), 16, np.uint8), region.Region(*np.zeros((2, 64, 64), bool), "colour")
    )
    assert np.isnan(black).all()


def test_real_video_has_one_box_over_all_frames(real_data):
    decoded = video.decode(real_data / "104611.mp4", 52)
    assert decoded.luma.shape == (52, 384, 512)
    found = region.find_region(decoded)
    assert found.found_by == "colour"
    rows, columns = found.box(0)
    assert (rows.start, rows.stop, columns.start, columns.stop) == (83, 167, 105, 161)
    boxes = set()
    with av.open(str(real_data / "104611.mp4")) as container:
        for frame in container.decode(video=0):
            one, counts = video._collect([frame])
            boxes.add(tuple(map(str, region.find_region(video.Video(np.stack(one), counts.astype(np.float32))).box(0))))
    assert len(boxes) == 1
