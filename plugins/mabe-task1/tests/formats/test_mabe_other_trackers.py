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
