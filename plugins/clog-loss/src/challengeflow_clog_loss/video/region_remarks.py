"""What to think of a video's region: remarks in words, from the attributes that preprocess noted."""

from collections.abc import Mapping
from typing import Any

from challengeflow_clog_loss.video.decode import AS_STORED

FIGURES = ("area", "stability", "gap", "at_border", "outlines")  # of region.Region.quality
SMALL_AREA = 150  # pixels; the smallest regions of the challenge are some 20 x 20
STABLE = 0.6  # the outline of a real video is the same in 9 of 10 coloured pixels
SHORTEST = 17  # frames of the challenge's shortest video
DARK, SATURATED = 0.5, 0.2  # shares of the region that are black, or as bright as can be
COLOUR = 0.005  # share of the frame in another colour than the outline's


def remarks(attributes: Mapping[str, Any]) -> list[str]:
    """What is unusual about a video that could be prepared; empty for a plain one, and for one that failed."""
    if attributes["status"] != "ok":
        return []
    region, (rows, columns), frames = attributes["region"], attributes["size"], attributes["frames"]
    hidden, absent = attributes["declared"] - frames, attributes["absent"]
    unstable = region["stability"] is not None and region["stability"] < STABLE and not absent
    found = {
        "no outline, the whole frame used": attributes["found_by"] == "whole frame",
        "no colour, outline found by its brightness": attributes["found_by"] == "luma",
        f"{region['outlines']} outlines, the largest used": region["outlines"] > 1,
        f"outline open, gaps up to {region['gap']} pixels closed": region["gap"] > 0,
        f"outline not the same in all frames ({region['stability']})": unstable,
        f"outline not there, or elsewhere, in {absent} of {frames} frames": absent > 0,
        f"only {frames} frames": frames < SHORTEST,
        f"{attributes['repeats']} of {frames} frames repeat an earlier one": attributes["repeats"] > 0,
        f"{hidden} of {attributes['declared']} frames are hidden by the file": hidden > 0,
        f"{attributes['streams']} video streams, the first used": attributes["streams"] > 1,
        f"region black in {attributes['black']:.0%} of its pixels": attributes["black"] > DARK,
        f"region saturated in {attributes['bright']:.0%} of its pixels": attributes["bright"] > SATURATED,
        f"{attributes['other_colour']:.1%} of the frame in another colour": attributes["other_colour"] > COLOUR,
        "region touches the frame's edge": region["at_border"] and attributes["found_by"] != "whole frame",
        f"region of only {region['area']} pixels": region["area"] < SMALL_AREA,
        f"odd size {columns} x {rows}": bool(rows % 2 or columns % 2),
        f"pixel format {attributes['codec_format']}": attributes["codec_format"] not in AS_STORED,
    }
    return [remark for remark, holds in found.items() if holds]
