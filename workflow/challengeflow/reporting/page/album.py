"""The pictures of the page: their bytes, as long as the page stays small enough, then their paths; and their sizes."""

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from challengeflow.reporting.page.gather import Gathered

MOST_BYTES = 12_000_000
"""Of pictures inside the page (a third more as text). What is beyond is shown from its file beside the page."""

WIDE = 560
"""Pixels: a wider picture gets a row of its own, so that what is written in it can be read."""

MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Image:
    """src: a data address, or a path below the results folder; width, height: its own, in pixels, None of SVG."""

    src: str
    width: int | None
    height: int | None

    @property
    def wide(self) -> bool:
        return self.width is not None and self.width > WIDE


class Album:
    """Hands out pictures; one that is shown twice is inside the page twice."""

    def __init__(self, challenges: Sequence[Gathered]):
        self.left = MOST_BYTES
        self.href = challenges[0].href if challenges else str

    def image(self, path: Path) -> Image:
        return Image(self._source(path), *_size(path))

    def _source(self, path: Path) -> str:
        used = path.stat().st_size
        if used > self.left:
            return self.href(path)
        self.left -= used
        return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _size(path: Path) -> tuple[int | None, int | None]:
    """Width and height, as the head of a PNG has them."""
    with open(path, "rb") as file:
        head = file.read(24)
    if not head.startswith(PNG) or len(head) < 24:
        return None, None
    width, height = struct.unpack(">II", head[16:24])
    return width, height
