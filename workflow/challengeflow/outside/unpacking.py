"""Archives from outside, laid out in one folder and nowhere else.

`unpack` lays out one archive, `Unpacking` several over each other, as the layers of an image are. No name and no link
leads out of the folder, nothing is written through a link, and no device is made, nor a file that runs as somebody
else.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from challengeflow.contract.errors import InputError
from challengeflow.outside.archives import Part, opened, relative, told

MOST_STEPS = 1000
"""Words that following one link may take; the system itself gives up long before."""


def unpack(path: Path, folder: Path) -> None:
    """Lay out an archive in the new or empty `folder`: files, folders, and links that lead nowhere else.

    Raises InputError for any other archive; then some of it may lie in `folder`, and nothing anywhere else.
    """
    with opened(path) as parts:
        unpacking = Unpacking(path, folder)
        unpacking.lay(parts)
        unpacking.finish()


@dataclass
class Unpacking:
    """Archives laid over each other in `folder`.

    Links are made at the very end, so that nothing is written through one.

    rooted: the folder will be the root of a file system: links are meant from there, and are written as what leads to
    the same place from everywhere.
    """

    path: Path
    folder: Path
    rooted: bool = False
    links: dict[PurePosixPath, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            raise InputError(f"the folder {self.folder} is not empty; give a new one to unpack {self.path} into")

    def lay(self, parts: Iterator[Part], whiteout: str | None = None) -> None:
        """Lay parts over what is there. whiteout: a name that begins with it takes away what the rest of it names.

        Devices and pipes are left out, the right to run as somebody else is taken away.
        """
        fresh: set[PurePosixPath] = set()
        for part in parts:
            with told(self.path):
                place = self._place(part)
                if whiteout is not None and place.name.startswith(whiteout):
                    self._take_away(place, place.name.removeprefix(whiteout), whiteout, fresh)
                elif place.parts and part.kind != "other":
                    self._put(part, place)
                    fresh.update((place, *place.parents))

    def finish(self) -> None:
        """Make the links. Raises InputError for one that leads out of the folder."""
        for place, target in self.links.items():
            with told(self.path):
                (self.folder / place).symlink_to(self._inner(place, target))

    def _place(self, part: Part) -> PurePosixPath:
        """Where a part belongs: InputError where that is outside, or behind a link."""
        place = part.path
        behind = next((parent for parent in place.parents if parent in self.links), None)
        if ".." in place.parts or behind is not None:
            through = "" if behind is None else f", through the link {str(behind)!r}"
            raise InputError(
                f"{self.path} has a part {part.name!r}, which would lie outside of it{through}; pack it anew"
            )
        return place

    def _put(self, part: Part, place: PurePosixPath) -> None:
        target = self.folder / place
        if part.kind == "folder" and target.is_dir() and place not in self.links:
            target.chmod(part.mode & 0o755 | 0o700)
            return
        self._remove(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        match part.kind:
            case "folder":
                target.mkdir()
                target.chmod(part.mode & 0o755 | 0o700)
            case "link":
                self.links[place] = part.target
            case "hard link":
                self._join(part, target)
            case _:
                part.copy(target)
                target.chmod(part.mode & 0o755)
                if 0 <= part.changed < 1 << 33:
                    os.utime(target, (part.changed, part.changed))

    def _join(self, part: Part, target: Path) -> None:
        """A second name of a file that is there: the very file, or the link."""
        first = relative(part.target)
        if first in self.links:
            self.links[part.path] = self.links[first]
            return
        inside = ".." not in first.parts and not any(parent in self.links for parent in first.parents)
        if not inside or not (self.folder / first).is_file():
            raise InputError(
                f"{self.path}: {part.name!r} is a link to {part.target!r}, which is no file of the archive; pack it "
                "anew"
            )
        os.link(self.folder / first, target)

    def _take_away(self, place: PurePosixPath, hidden: str, whiteout: str, fresh: set[PurePosixPath]) -> None:
        """What a layer hides of those below: one name, or all in its folder that is not of the layer itself."""
        if hidden == f"{whiteout}.opq":
            folder = self.folder / place.parent
            below = {place.parent / path.name for path in (folder.iterdir() if folder.is_dir() else ())}
            below |= {link for link in self.links if link.parent == place.parent}
            for name in below - fresh:
                self._remove(name)
        elif hidden in ("", ".", ".."):
            raise InputError(
                f"{self.path} hides the name {hidden!r} in {str(place.parent)!r}, which is none; pack it anew"
            )
        else:
            self._remove(place.parent / hidden)

    def _remove(self, place: PurePosixPath) -> None:
        """Whatever is at a place and below it."""
        self.links.pop(place, None)
        path = self.folder / place
        if path.is_dir():
            shutil.rmtree(path)
            self.links = {link: target for link, target in self.links.items() if place not in link.parents}
        else:
            path.unlink(missing_ok=True)

    def _inner(self, place: PurePosixPath, target: str) -> str:
        """What the link at `place` is to say, so that it leads to what it is meant to, from everywhere, and never
        outside."""
        meant = PurePosixPath(target)
        if not self.rooted and meant.is_absolute():
            raise InputError(f"{self.path}: the link {str(place)!r} leads outside, to {target!r}; pack it anew")
        at, climbed = self._followed(place.parent, meant)
        if climbed and not self.rooted:
            raise InputError(f"{self.path}: the link {str(place)!r} leads outside, to {target!r}; pack it anew")
        if not climbed and not meant.is_absolute():
            return target
        return str(PurePosixPath(*[".."] * len(place.parent.parts), *at.parts))

    def _followed(self, start: PurePosixPath, target: PurePosixPath) -> tuple[PurePosixPath, bool]:
        """Where a link's text leads, with the folder as root, and whether it tried to climb out of it."""
        at, climbed, words = start, False, list(reversed(target.parts))
        for _ in range(MOST_STEPS):
            if not words:
                return at, climbed
            word = words.pop()
            if word == "/":
                at = PurePosixPath()
            elif word == "..":
                climbed |= not at.parts
                at = at.parent
            elif (at / word) in self.links:
                words += reversed(PurePosixPath(self.links[at / word]).parts)
            else:
                at = at / word
        raise InputError(f"{self.path} has links that lead in a circle, or through too many others; pack it anew")
