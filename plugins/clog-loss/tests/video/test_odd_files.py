"""Odd files: each kind is read, read with a remark, or refused with a reason, as stated; none stops the others."""

import pytest
from clog_loss_odd_files import write_all
from clog_loss_small_videos import BOX, write_small_video

from challengeflow_clog_loss.data import preprocess
from challengeflow_clog_loss.video import decode, region, region_remarks


def said_of(path, root) -> tuple[bool, str]:
    """Whether a file is read, and its remarks or the reason."""
    kept = root / f"{path.stem}.npz"
    preprocess.prepare(path, None, 8, kept)
    attributes, _ = preprocess.read_kept(kept)
    read = attributes["status"] == "ok"
    return read, "; ".join(region_remarks.remarks(attributes)) if read else attributes["status"]


def test_every_kind_of_odd_file_is_read_or_refused_as_stated(tmp_path):
    made = write_all(tmp_path / "raw")
    assert len(made) > 80
    wrong = {}
    for name, odd in made.items():
        read, said = said_of(tmp_path / "raw" / name, tmp_path)
        if read != odd.read or odd.said not in said or (said and not odd.said):
            wrong[odd.name] = (read, said)
    assert not wrong


@pytest.mark.parametrize("crf", [15, 28, 35])
def test_a_line_of_one_pixel_encloses_what_a_thick_one_does(tmp_path, crf):
    top, bottom, left, right = BOX
    path = write_small_video(tmp_path / "a.mp4", thickness=1, crf=crf)
    found = region.find_region(list(decode.frames(path)))
    assert found.found_by == "colour" and found.outlines == 1
    assert abs(found.inside.sum() / ((bottom - top - 2) * (right - left - 2)) - 1) < 0.2


def test_the_hue_of_the_line_counts_not_any_colour(tmp_path):
    path = write_small_video(tmp_path / "a.mp4", tint=(0.3, 1.0, 0.3), scene=lambda luma: luma + 60)
    plain = write_small_video(tmp_path / "b.mp4")
    green, grey = (region.find_region(list(decode.frames(each))) for each in (path, plain))
    assert (green.inside & grey.inside).sum() > 0.9 * (green.inside | grey.inside).sum()
