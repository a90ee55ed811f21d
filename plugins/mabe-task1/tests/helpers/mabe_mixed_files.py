"""Some forty files as they lie in a lab's folder: sound ones of every program, odd ones, and hostile ones.

    python plugins/mabe-task1/tests/helpers/mabe_mixed_files.py FOLDER

writes them; `challengeflow inspect mabe-task1 FOLDER` then tells what is understood of each.
"""

import csv
import json
import pickle
import sys
from pathlib import Path

import numpy as np

PARTS = ("nose", "neck", "tail base")
FRAMES = 120
RENAMED = {"base neck": "neck", "base_tail": "tail base"}
"""What JABS calls two of the parts."""

SOUND = {
    "cage1",
    "cage2",
    "CAGE3",
    "cage4",
    "cage5",
    "cage6",
    "cage7",
    "cage8",
    "cage9",
    "array",
    "clips/one",
    "clips/two",
}
"""Recordings that can be read."""

LABELLED = {"cage1", "cage2", "CAGE3", "cage4", "cage5", "cage9"}
BROKEN = {
    "three": "3 animals",
    "alone": "1 animal ",
    "short": "2 frames",
    "earless": "has no neck, tail base among its parts",
    "torn": "not all numbers",
    "uneven": "header lines of",
    "noise": "not a readable HDF5 file",
    "endless": "no frame number",
    "twice": "frame 0 twice",
    "evil": "nothing was run",
    "evils": "Python objects, which are never read",
    "deep": "no pose file of MARS",
    "unseen": "no body part was seen",
    "ears": "all poses of it",
}
"""Recordings that cannot, and a part of the reason."""

UNUSED = {
    "._cage1.csv": "macOS",
    ".DS_Store": "hidden",
    "cage1.h5": "the same tracks",
    "CollectedData_anna.csv": "hand-labelled",
    "cage1DLC_full.pickle": "never opened",
    "empty.csv": "empty",
    "cage77_labels.csv": "no poses are called",
    "notes.txt": "no labels",
    "weights.csv": "without poses or labels",
    "plan.xlsx": "Excel",
    "other.mp4": "a video without poses",
    "page.csv": "without poses or labels",
    "old/": "a folder",
}
"""Files that are not used, and a part of the reason."""


def write(folder: Path) -> None:
    """Write the files into an empty folder. Nothing in it does anything when it is read."""
    _sound(folder)
    _labels(folder)
    _odd(folder)
    _hostile(folder)


def deeplabcut(path: Path, animals=("black", "white"), parts=PARTS, numbers=range(FRAMES), separator=",") -> None:
    """DeepLabCut's csv of some animals that walk about."""
    columns = [(animal, part, axis) for animal in animals for part in parts for axis in ("x", "y", "likelihood")]
    with open(path, "w", newline="", encoding="utf-8-sig" if separator == ";" else "utf-8") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerow(["scorer", *["DLC"] * len(columns)])
        for level, names in zip(("individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True):
            writer.writerow([level, *names])
        points = walk(len(numbers), len(animals), len(parts))
        for number, row in zip(numbers, points, strict=True):
            writer.writerow([number, *(cell for own in row for point in own.T for cell in (*point.round(2), 0.9))])


def walk(frames: int, animals: int = 2, parts: int = len(PARTS)) -> np.ndarray:
    """Points (T, A, xy, P) in pixels."""
    random = np.random.default_rng(frames)
    steps = random.normal(0, 2, (frames, animals, 2, 1)).cumsum(axis=0) + random.uniform(100, 400, (animals, 2, 1))
    return steps + random.uniform(-20, 20, (animals, 2, parts))


def _sound(folder: Path) -> None:
    deeplabcut(folder / "cage1.csv")
    deeplabcut(folder / "cage2DeepCut_resnet50_openfieldMay1shuffle1_1000.csv", separator=";")
    deeplabcut(folder / "CAGE3.TSV", separator="\t")
    deeplabcut(folder / "cage4.csv", parts=("tail_base", "whisker", "Nose", "neck"))
    _simba(folder / "cage5.csv")
    _sleap_csv(folder / "cage6.csv")
    mars = {"keypoints": walk(FRAMES).round(2).tolist(), "scores": np.ones((FRAMES, 2, 3)).tolist()}
    mars["keypoints"] = np.concatenate([walk(FRAMES), walk(FRAMES), walk(FRAMES)[..., :1]], axis=3).round(2).tolist()
    mars["scores"] = np.ones((FRAMES, 2, 7)).tolist()
    (folder / "cage7_pose_top_v1_8.json").write_text(json.dumps(mars))
    _h5(folder)
    np.save(folder / "array.npy", walk(FRAMES).astype(np.float32))
    np.savez(folder / "clips.npz", one=walk(FRAMES), two=walk(90))


def _labels(folder: Path) -> None:
    bouts = "Bento annotation file\n\nAnnotation start frame: 1\nAnnotation stop frame: 120\n\nCh1----------\n"
    (folder / "cage1.annot").write_text(
        "\ufeff" + bouts + ">Sniff\nStart\tStop\tDuration\n11\t40\t30\n", encoding="utf-8"
    )
    columns = "Observation id;Media file;FPS;Subject;Behavior;Behavior type;Start (s);Stop (s)\n"
    (folder / "cage2_boris.csv").write_text(columns + "x;cage2.mp4;30;;sniff;STATE;1,0;2,5\n", encoding="latin-1")
    rows = [f"{frame},{int(20 <= frame < 60)},{int(40 <= frame < 50)},{int(frame < 20)}" for frame in range(100)]
    (folder / "cage3_labels.csv").write_text("\n".join(["frame,sniff,fight,background", *rows]) + "\n")
    rows = [f"{frame},{'fight' if 30 <= frame < 70 else ''}" for frame in range(0, FRAMES, 10)]
    (folder / "cage4_scored_by_anna.csv").write_text("\n".join(["frame,behaviour", *rows]) + "\n")
    events = [[second, "", "fight", "", ""] for second in (0.5, 1.5)]
    observation = {
        "file": {"1": ["/videos/cage9.mp4"]},
        "events": events,
        "media_info": {"fps": {"/videos/cage9.mp4": 30}},
    }
    project = {
        "behaviors_conf": {"0": {"type": "State event", "code": "fight"}},
        "observations": {"first": observation},
    }
    (folder / "all.boris").write_text(json.dumps(project))
    (folder / "cage6_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,90,50\n")


def _odd(folder: Path) -> None:
    (folder / "._cage1.csv").write_bytes(b"\0\5\26\7")
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "cage1.h5").write_bytes(b"beside its csv")
    hand = "scorer,anna,anna\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/cage1/img1.png,1,2\n"
    (folder / "CollectedData_anna.csv").write_text(hand)
    (folder / "cage1DLC_full.pickle").write_bytes(pickle.dumps({"nothing": None}))
    (folder / "empty.csv").write_text("")
    (folder / "cage77_labels.csv").write_text("behaviour,start_frame,stop_frame\nsniff,1,5\n")
    (folder / "notes.txt").write_text("feed the mice")
    (folder / "weights.csv").write_text("mouse,weight\nblack,25.5\n")
    (folder / "plan.xlsx").write_bytes(b"PK\3\4")
    (folder / "other.mp4").write_bytes(b"a video")
    (folder / "old").mkdir()
    deeplabcut(folder / "three.csv", animals=("a", "b", "c"))
    deeplabcut(folder / "alone.csv", animals=("a",))
    deeplabcut(folder / "short.csv", numbers=range(2))
    deeplabcut(folder / "earless.csv", parts=("nose", "tail"))
    deeplabcut(folder / "twice.csv", numbers=[*range(60), *range(60)])
    np.save(folder / "unseen.npy", np.full((50, 2, 2, 3), np.nan))
    deeplabcut(folder / "earsDLC_a.csv")
    deeplabcut(folder / "earsDLC_b.csv")


def _hostile(folder: Path) -> None:
    text = (folder / "cage1.csv").read_text().splitlines()
    (folder / "torn.csv").write_text("\n".join([*text[:40], text[40][:30] + "\x07oops,NaNa"]) + "\n")
    (folder / "uneven.csv").write_text("\n".join([text[0], text[1] + ",more", *text[2:]]) + "\n")
    (folder / "noise.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + np.random.default_rng(0).bytes(3000))
    deeplabcut(folder / "endless.csv", numbers=[0, 1, 2, 4_000_000_000])
    np.save(folder / "evil.npy", np.array(Calls(), object), allow_pickle=True)
    np.savez(folder / "evils.npz", a=np.array([Calls()], object))
    (folder / "deep.json").write_text('{"keypoints": ' + "[" * 100_000 + "}")
    (folder / "page.csv").write_text("<html><head><title>Sign in</title></head></html>")


class Calls:
    """Pickles as a call that would leave a file behind."""

    def __reduce__(self):
        return open, ("ran", "w")


def _simba(path: Path) -> None:
    points = walk(FRAMES)
    names = [f"{part.replace(' ', '_').title()}_{animal}" for animal in (1, 2) for part in PARTS]
    columns = [f"{name}_{axis}" for name in names for axis in "xyp"]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["", *columns, "Movement_1", "sniff"])
        for frame, row in enumerate(points):
            cells = [cell for own in row for point in own.T for cell in (*point.round(2), 0.9)]
            writer.writerow([frame, *cells, 1.5, int(frame < 30)])


def _sleap_csv(path: Path) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        axes = ("x", "y", "score")
        writer.writerow(
            ["track", "frame_idx", "instance.score", *(f"{part}.{axis}" for part in PARTS for axis in axes)]
        )
        for frame, row in enumerate(walk(FRAMES)):
            for animal, own in enumerate(row):
                if frame % 7 or animal:  # an animal that is lost now and then
                    cells = [cell for point in own.T for cell in (*point.round(2), 0.9)]
                    writer.writerow([f"track_{animal}", frame, 0.8, *cells])


def _h5(folder: Path) -> None:
    """SLEAP's analysis export and JABS's poses."""
    import h5py

    with h5py.File(folder / "cage9.analysis.h5", "w") as file:
        file["tracks"] = walk(FRAMES).transpose(1, 2, 3, 0)
        file["node_names"] = np.array(PARTS, "S")
        file["track_names"] = np.array(["black", "white"], "S")
    points = np.clip(walk(FRAMES, parts=12), 0, 900).transpose(0, 1, 3, 2)[..., ::-1].astype(np.uint16)
    with h5py.File(folder / "cage8_pose_est_v4.h5", "w") as file:
        file["poseest/points"] = points
        file["poseest/confidence"] = np.ones(points.shape[:3], np.float32)
        file["poseest/instance_embed_id"] = np.tile(np.array([2, 1], np.uint32), (FRAMES, 1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(Path(sys.argv[1]))
