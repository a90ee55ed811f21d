"""SLEAP projects and tables, JABS, MARS and SimBA: the same points as in the arrays they were made from."""

import csv
import json

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.formats import jabs, kinds, labels, poses
from challengeflow_mabe_task1.formats.bouts import Bout, Choice

FRAMES, PARTS = 12, ("nose", "tail")


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(10, 500, (FRAMES, 2, 2, 2)).round(2).astype(np.float32)


def test_a_sleap_csv_has_a_line_for_each_animal_in_each_frame(tmp_path, points):
    path = tmp_path / "m1.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["track", "frame_idx", "instance.score", *(f"{p}.{a}" for p in PARTS for a in ("x", "y", "score"))]
        )
        for frame in range(FRAMES):
            for animal in (1, 0):
                if (frame, animal) != (3, 0):
                    cells = [cell for point in points[frame, animal].T for cell in (*point, 0.5)]
                    writer.writerow(
                        [f"track_{animal}", frame + 20, 0.9, *cells[:-3], *(cells[-3:] if frame else ["", "", ""])]
                    )
    assert kinds.kind(path).program == "SLEAP csv"
    found = poses.read([path])
    assert found.animals == ("track_0", "track_1") and found.parts == PARTS and found.first == 20
    expected = points.copy()
    expected[3, 0], expected[0, :, :, 1] = np.nan, np.nan
    np.testing.assert_allclose(found.points, expected)


def sleap_csv(path, rows, separator=",", decimal="."):
    lines = [["track", "frame_idx", "instance.score", "nose.x", "nose.y", "nose.score"], *rows]
    cells = (
        [str(cell).replace(".", decimal) if number else str(cell) for cell in row] for number, row in enumerate(lines)
    )
    path.write_text("\n".join(separator.join(row) for row in cells) + "\n")


def test_animals_without_a_track_are_never_one_animal(tmp_path):
    path = tmp_path / "m1.csv"
    sleap_csv(path, [("", frame, 0.9, 10.5 + k, 20, 1) for frame in range(4) for k in range(2)])
    with pytest.raises(InputError, match="several animals without a track in frame 0; track them in SLEAP"):
        poses.read([path])
    sleap_csv(path, [("a", 7, 0.9, 1, 2, 1), ("a", 7, 0.9, 3, 4, 1)])
    with pytest.raises(InputError, match="several animals in the track 'a' in frame 7"):
        poses.read([path])
    sleap_csv(path, [("a", 0, 0.9, 1, 2, 1), ("b", 0, 0.9, 3, 4, 1), ("", 0, 0.2, 5, 6, 1)])
    found = poses.read([path])
    assert found.animals == ("a", "b") and found.points[0, :, 0, 0].tolist() == [1, 3]
    assert found.notes == ("1 times an animal without a track, or of another skeleton, was left out",)


def test_a_sleap_csv_from_a_spreadsheet_has_decimal_commas(tmp_path):
    sleap_csv(tmp_path / "m1.csv", [(name, 3, 0.9, 10.5, 20.25, 0.5) for name in "ab"], ";", ",")
    found = poses.read([tmp_path / "m1.csv"])
    assert found.first == 3 and found.points[0, 1, :, 0].tolist() == [10.5, 20.25] and found.confidence[0, 0, 0] == 0.5


def sleap_project(path, points, videos=1, corrected=None):
    sio = pytest.importorskip("sleap_io")
    skeleton = sio.Skeleton(list(PARTS))
    films = [sio.Video(filename=f"m{number}.mp4", open_backend=False) for number in range(videos)]
    tracks = [sio.Track("black"), sio.Track("white")]
    frames = []
    for number, row in enumerate(points):
        instances = [
            sio.PredictedInstance.from_numpy(
                own.T, skeleton=skeleton, point_scores=np.full(2, 0.8), score=0.9, track=track
            )
            for own, track in zip(row, tracks, strict=True)
        ]
        if number == 5 and corrected is not None:
            instances.append(sio.Instance.from_numpy(corrected, skeleton=skeleton, track=tracks[0]))
        video = films[number % videos]
        frames.append(sio.LabeledFrame(video=video, frame_idx=number + 7, instances=instances))
    labelled = sio.Labels(labeled_frames=frames, videos=films, skeletons=[skeleton], tracks=tracks)
    sio.save_slp(labelled, str(path), embed=False)


def test_a_sleap_project_is_read_and_what_a_person_corrected_goes_before(tmp_path, points):
    corrected = np.array([[1.0, 2.0], [3.0, 4.0]])
    sleap_project(tmp_path / "m1.slp", points, corrected=corrected)
    found = poses.read([tmp_path / "m1.slp"])
    assert found.animals == ("black", "white") and found.parts == PARTS and found.first == 7
    expected = points.copy()
    expected[5, 0] = corrected.T
    np.testing.assert_allclose(found.points, expected, rtol=1e-6)
    assert found.confidence[0, 0].tolist() == pytest.approx([0.8, 0.8]) and found.confidence[5, 0].tolist() == [1, 1]


def test_a_project_of_two_videos_or_of_nonsense_is_named(tmp_path, points):
    sleap_project(tmp_path / "m1.slp", points, videos=2)
    with pytest.raises(InputError, match="holds 2 videos"):
        poses.read([tmp_path / "m1.slp"])
    (tmp_path / "m2.slp").write_bytes(b"\x89HDF\r\n\x1a\nnonsense")
    with pytest.raises(InputError, match="not a readable project of SLEAP"):
        poses.read([tmp_path / "m2.slp"])


@pytest.mark.parametrize("tracks", [(), ("black",), ("black", "black")])
def test_a_project_is_read_by_its_tracks_whatever_their_names(tmp_path, points, tracks):
    sio = pytest.importorskip("sleap_io")
    skeleton, film = sio.Skeleton(list(PARTS)), sio.Video(filename="m1.mp4", open_backend=False)
    own = [sio.Track(name) for name in tracks]
    frames = []
    for number, row in enumerate(points):
        owners = own if len(own) == 2 else [*own, *own, None, None][:2]
        instances = [
            sio.PredictedInstance.from_numpy(one.T, skeleton=skeleton, point_scores=np.ones(2), score=1, track=track)
            for one, track in zip(row, owners, strict=True)
        ]
        frames.append(sio.LabeledFrame(video=film, frame_idx=number, instances=instances))
    labelled = sio.Labels(labeled_frames=frames, videos=[film], skeletons=[skeleton], tracks=own)
    sio.save_slp(labelled, str(tmp_path / "m1.slp"), embed=False)
    if len(tracks) == 2:
        np.testing.assert_allclose(poses.read([tmp_path / "m1.slp"]).points, points, rtol=1e-6)
    else:
        with pytest.raises(InputError, match=r"several animals .* in frame 0; track them in SLEAP first"):
            poses.read([tmp_path / "m1.slp"])


def test_a_real_sleap_project_equals_its_export(real):
    pytest.importorskip("sleap_io")
    formats = real / "formats"
    project, export = poses.read([formats / "deepof_sleap.slp"]), poses.read([formats / "deepof_sleap.analysis.h5"])
    assert project.parts == export.parts and len(project.points) == len(export.points) == 101
    np.testing.assert_allclose(project.points, export.points, rtol=1e-6)


def test_jabs_tells_mice_apart_by_their_identity(tmp_path, points):
    h5py = pytest.importorskip("h5py")
    whole = np.repeat(points.round(), 6, axis=3)  # twelve parts
    stored = np.zeros((FRAMES, 3, 12, 2), np.uint16)
    identity = np.zeros((FRAMES, 3), np.uint32)
    confidence = np.zeros((FRAMES, 3, 12), np.float32)
    for frame in range(FRAMES):
        order = (0, 1) if frame % 2 else (1, 0)
        for place, mouse in enumerate(order):
            stored[frame, place] = whole[frame, mouse].T[:, ::-1]  # y before x
            identity[frame, place], confidence[frame, place] = mouse + 1, 0.9
    confidence[4, 0, 3] = 0
    with h5py.File(tmp_path / "m1_pose_est_v4.h5", "w") as file:
        file["poseest/points"], file["poseest/confidence"] = stored, confidence
        file["poseest/instance_embed_id"] = identity
    found = poses.read([tmp_path / "m1_pose_est_v4.h5"])
    assert found.animals == ("mouse 0", "mouse 1") and found.parts == jabs.PARTS
    expected = whole.copy()
    expected[4, 1, :, 3] = np.nan
    np.testing.assert_array_equal(found.points, expected)
    with h5py.File(tmp_path / "m2_pose_est_v3.h5", "w") as file:
        file["poseest/points"], file["poseest/confidence"] = stored, confidence
        file["poseest/instance_track_id"] = np.where(identity > 0, identity - 1, 0)
        file["poseest/instance_count"] = np.full(FRAMES, 2, np.uint8)
    np.testing.assert_array_equal(poses.read([tmp_path / "m2_pose_est_v3.h5"]).points, expected)


@pytest.mark.parametrize(
    "identity, message",
    [
        (None, "up to 2 mice and no identities"),
        ([[0, 0]] * FRAMES, "no mouse with an identity"),
        ([[1, 1]] * FRAMES, "several mice of the identity 0 in one frame"),
    ],
)
def test_mice_without_an_identity_are_not_told_apart_by_their_order(tmp_path, identity, message):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "m1_pose_est_v4.h5", "w") as file:
        file["poseest/points"], file["poseest/confidence"] = np.ones((FRAMES, 2, 12, 2)), np.ones((FRAMES, 2, 12))
        if identity:
            file["poseest/instance_embed_id"] = np.array(identity, np.uint32)
    with pytest.raises(InputError, match=message):
        poses.read([tmp_path / "m1_pose_est_v4.h5"])


def test_keypoints_of_mars_may_come_after_megabytes_of_boxes(tmp_path):
    text = json.dumps({"bbox": [[0.5] * 4] * 5000, "keypoints": np.ones((3, 2, 2, 7)).tolist()})
    (tmp_path / "m1.json").write_text(text)
    assert kinds.kind(tmp_path / "m1.json").program == "MARS"


def test_mars_keeps_the_resident_first(tmp_path):
    points = np.random.default_rng(0).uniform(0, 500, (FRAMES, 2, 2, 7)).round(2)
    path = tmp_path / "m1_pose_top_v1_8.json"
    path.write_text(json.dumps({"keypoints": points.tolist(), "scores": np.ones((FRAMES, 2, 7)).tolist()}))
    found = poses.read([path])
    assert found.animals == ("black", "white") and found.parts[0] == "nose" and found.confidence.shape == (FRAMES, 2, 7)
    np.testing.assert_allclose(found.points, points, rtol=1e-6)
    path.write_text(json.dumps({"keypoints": points[:, 0].tolist()}))
    with pytest.raises(InputError, match=r"shape \(12, 2, 7\)"):
        poses.read([path])


def test_simba_has_poses_and_behaviours_in_one_table(tmp_path, points):
    path = tmp_path / "m1.csv"
    names = [f"{part.title()}_{animal}" for animal in (1, 2) for part in PARTS]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["", *(f"{name}_{axis}" for name in names for axis in "xyp"), "Speed_1", "zero_feature", "sniff", "fight"]
        )
        for frame, row in enumerate(points):
            cells = [cell for own in row for point in own.T for cell in (*point, 0.7)]
            cells[:3] = (0, 0, 0) if frame == 2 else cells[:3]
            writer.writerow([frame, *cells, 0.5 + frame, 0.25, int(frame < 4), int(3 <= frame < 6)])
    kind = kinds.kind(path)
    assert kind.poses and kind.labels and kind.program == "SimBA"
    found = poses.read([path])
    assert found.animals == ("1", "2") and found.parts == ("Nose", "Tail")
    expected = points.copy()
    expected[2, 0, :, 0] = np.nan
    np.testing.assert_allclose(found.points, expected)
    own = labels.read(path, Choice(("m1",)))
    assert set(own.bouts) == {Bout("sniff", 0, 4), Bout("fight", 3, 6)} and own.known == ((0, FRAMES),)


def test_poses_that_simba_has_just_imported_have_three_lines_of_names(tmp_path, points):
    names = [f"{part}_{animal}_{axis}" for animal in (1, 2) for part in PARTS for axis in "xyp"]
    lines = [["", *["IMPORTED_POSE"] * 12], ["", *["IMPORTED_POSE"] * 12], ["", *names]]
    for frame, row in enumerate(points):
        lines.append([frame + 3, *(cell for own in row for point in own.T for cell in (*point, 0.7))])
    (tmp_path / "m1.csv").write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
    kind, found = kinds.kind(tmp_path / "m1.csv"), poses.read([tmp_path / "m1.csv"])
    assert kind.program == "SimBA" and not kind.labels and found.first == 3
    np.testing.assert_allclose(found.points, points)
