"""Answers for eyes and for statistics: drawn over the video, cut into clips, and as scores of every frame."""

import csv
import json
from fractions import Fraction

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, write_scores
from challengeflow.scoring import write_json
from challengeflow_mabe_task1.answers import label_next
from challengeflow_mabe_task1.pictures import canvas, overlay
from challengeflow_mabe_task1.scoring.decoding import plain_decision

FIRST, FRAMES, SIDE = 5, 60, 96


@pytest.fixture(scope="module")
def av():
    return pytest.importorskip("av")


def film(av, path, frames=FIRST + FRAMES + 10, fps=30, steps=None):
    """A video whose frame k is of the grey 2 k; steps: milliseconds from frame to frame, in turn, of uneven ones."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "4", "g": "12"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((SIDE, SIDE, 3), 2 * k, np.uint8), format="rgb24")
            if steps:
                stream.codec_context.time_base = frame.time_base = Fraction(1, 1000)
                frame.pts = sum(steps[place % len(steps)] for place in range(k))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.fixture
def lab(tmp_path, stages, deeplabcut, av):
    """Two recordings with made-up scores, one of them filmed."""
    folder = tmp_path / "lab"
    folder.mkdir()
    for seed, name in enumerate(("m1", "m2")):
        deeplabcut(folder / f"{name}.csv", numbers=range(FIRST, FIRST + FRAMES), seed=seed)
    film(av, folder / "m1.mp4")
    run = stages(folder, splits=("test",), gold_splits=(), dataset="lab", behaviours=["fight", "sniff"])
    (run.shard,) = [shard for shard in run.prepare() if shard.split == "test"]
    scores = np.full((FRAMES, 3), 0.1, np.float32)
    scores[:30, 2], scores[30:, 0] = 0.8, 0.8
    write_scores(run.shard.predictions, ((name, scores) for name in Arrays(run.shard.prepared)))
    decision = plain_decision(3) | {"vocabulary": ["fight", "sniff", "other"], "scored": ["fight", "sniff"]}
    write_json(run.root / "decision.json", decision)
    return run


def test_every_frame_has_its_scores_at_its_place_in_the_video(lab):
    parquet = pytest.importorskip("pyarrow.parquet")
    package = lab.package("answers", frame_scores=["csv", "parquet"], clips=0)
    with open(package / "scores" / "m1.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == FRAMES and rows[0]["frame"] == str(FIRST) and rows[30]["seconds"] == f"{(FIRST + 30) / 30:.4f}"
    assert [rows[at]["answer"] for at in (29, 30)] == ["other", "fight"] and rows[30]["score fight"] == "0.8000"
    table = parquet.read_table(package / "scores.parquet").to_pydict()
    assert table["sequence"] == ["m1"] * FRAMES + ["m2"] * FRAMES
    assert [f"{value:.4f}" for value in table["score sniff"][:FRAMES]] == [row["score sniff"] for row in rows]
    with open(package / "bouts.csv", newline="") as file:
        bouts = list(csv.DictReader(file))
    assert [(row["start_frame"], row["stop_frame"]) for row in bouts] == [(str(FIRST + 30), str(FIRST + FRAMES))] * 2


def test_answers_are_drawn_over_the_video_and_moments_cut_out(lab, av):
    package = lab.package("answers", videos=2, clips=2, label_next=4)
    assert [path.name for path in (package / "videos").iterdir()] == ["m1.mp4"]  # m2 was not filmed
    with av.open(str(package / "videos" / "m1.mp4")) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(pictures) == FRAMES and pictures[0].shape == (SIDE, SIDE, 3)
    corners = [np.median(picture[-24:, -24:]) for picture in pictures]
    assert np.abs(np.array(corners) - 2 * np.arange(FIRST, FIRST + FRAMES)).max() < 8  # frame by frame the right one
    media = [one["file"]["1"] for one in json.loads((package / "answers.boris").read_text())["observations"].values()]
    assert media == [["m1.mp4"], ["m2.mp4"]]
    project = json.loads((package / "answers.boris").read_text())
    assert [one["code"] for one in project["behaviors_conf"].values()] == ["fight", "sniff"]  # sniff has no bout
    assert ">sniff" in (package / "bento" / "m1.annot").read_text()
    clips = sorted(path.name for path in (package / "label_next").iterdir())
    assert clips == ["01-m1.mp4"] or all(name.endswith("-m1.mp4") for name in clips)
    assert (package / "label_next" / clips[0]).stat().st_size > 500


def test_no_moment_is_too_short_to_be_seen(lab):
    folder = lab.package("answers", name="moments", clips=0)
    with open(folder / "label_next.csv", newline="") as file:
        spans = [(int(row["start_frame"]), int(row["stop_frame"])) for row in csv.DictReader(file)]
    assert sorted(spans) == [(FIRST, FIRST + FRAMES)] * 2
    scores = np.full((2 * FRAMES + 7, 3), 0.3, np.float32)  # seven frames more than two moments
    assert [stop - start for start, stop in label_next.spans(len(scores), FRAMES)] == [FRAMES, FRAMES + 7]


def test_a_part_of_a_video_is_found_by_its_frames(tmp_path, av):
    film(av, tmp_path / "m1.mp4")
    found = {number: picture.mean() for number, picture in overlay.read(tmp_path / "m1.mp4", 30, 35)}
    assert list(found) == list(range(30, 35)) and all(abs(found[k] - 2 * k) < 6 for k in found)
    with pytest.raises(InputError, match="has no frame 500"):
        list(overlay.read(tmp_path / "m1.mp4", 500, 510))
    (tmp_path / "m2.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="not a readable video"):
        list(overlay.read(tmp_path / "m2.mp4", 0, 5))


@pytest.mark.parametrize("start, stop", [(0, 75), (30, 35)])
def test_frames_are_counted_whatever_times_a_camera_gave_them(tmp_path, av, start, stop):
    film(av, tmp_path / "m1.mp4", steps=[33, 66, 20, 40])
    found = {number: picture.mean() for number, picture in overlay.read(tmp_path / "m1.mp4", start, stop)}
    assert list(found) == list(range(start, stop)) and all(abs(found[k] - 2 * k) < 6 for k in found)


def test_a_video_that_ends_before_its_track_is_told(lab, av, capsys):
    film(av, lab.root.parent / "lab" / "m1.mp4", frames=FIRST + 40)
    lab.package("answers", name="short", videos=1, clips=0)
    assert "m1.mp4 has 20 frames less than m1 is tracked; is it its video?" in capsys.readouterr().err


def test_both_animals_are_drawn_in_their_colours():
    points = np.array([[[20, 40, 60], [30, 30, 30]], [[20, 40, np.nan], [70, 70, np.nan]]])
    drawn = overlay.draw_frame(
        np.zeros((SIDE, SIDE, 3), np.uint8), points, [(0, 1), (1, 2)], "fight  0.80", "#ffffff", 7
    )
    rgb = [tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for colour in canvas.ANIMALS.values()]
    assert tuple(drawn[30, 50]) == rgb[0] and tuple(drawn[70, 30]) == rgb[1]
    assert tuple(drawn[70, 60]) == (0, 0, 0) and drawn[:20].max() > 200  # the lost part is not joined; there is text


def test_the_skeleton_joins_neighbours():
    body = np.array([[0, 10, 20, 30], [0, 0, 1, 0]], np.float32)
    track = np.stack([body, body + 100])[None].repeat(5, axis=0)
    track[1, :, :, 2] = np.nan
    assert overlay.skeleton(track) == [(0, 1), (1, 2), (2, 3)]
