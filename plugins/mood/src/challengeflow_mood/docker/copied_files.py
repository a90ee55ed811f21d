"""What the Dockerfile of a build context copies into the image: the files, laid out without docker.

Nothing that the Dockerfile runs is run. What comes from elsewhere (another stage, a web address, an archive, a command
that names /workspace) is not known; where that may be in /workspace, all files of the context count as copied there.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from challengeflow_mood.docker.dockerfile import Instruction, as_list

WORKSPACE = PurePosixPath("/workspace")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


@dataclass(frozen=True)
class Copy:
    """One COPY or ADD: sources as they are named, where to (a folder if it ends so or is there), and the mode."""

    sources: tuple[str, ...]
    target: PurePosixPath
    into: bool
    mode: int | None
    foreign: bool


def copies(stage: list[Instruction]) -> Iterator[Copy | PurePosixPath]:
    """What a stage copies, and the working directories that it makes, in order."""
    folder = PurePosixPath("/")
    for name, arguments in stage:
        if name == "WORKDIR":
            folder /= arguments.strip("\"'")
            yield folder
        elif name in ("COPY", "ADD"):
            options = re.match(r"(--\S+\s+)*", arguments)[0]  # type: ignore[index]
            *sources, target = as_list(arguments[len(options) :]) or [""]
            mode = re.search(r"--chmod=([0-7]+)", options)
            foreign = "--from=" in options or any(_is_foreign(source, name) for source in sources)
            into = target.endswith(("/", ".")) or len(sources) > 1
            yield Copy(tuple(sources), folder / target, into, int(mode[1], 8) if mode else None, foreign)


def may_hold_more(stage: list[Instruction]) -> bool:
    """Whether what is not known may be in /workspace."""
    run = any(name == "RUN" and str(WORKSPACE) in arguments for name, arguments in stage)
    foreign = [each for each in copies(stage) if isinstance(each, Copy) and each.foreign]
    return run or any(copy.target in (WORKSPACE, *WORKSPACE.parents) for copy in foreign)


def sources(context: Path, source: str) -> list[Path]:
    """The files and folders of a context that a source names and .dockerignore does not leave out."""
    pattern = _cleaned(source)
    found = sorted(context.glob(pattern)) if pattern else [context]
    return [path for path in found if path.is_dir() or not _ignored(context, path)]


def lay_out(context: Path, stage: list[Instruction], root: Path) -> None:
    """Lay out in the new folder `root` what a stage copies into the image."""
    if may_hold_more(stage):
        shutil.copytree(context, root / WORKSPACE.name, symlinks=True, dirs_exist_ok=True)
    for each in copies(stage):
        if isinstance(each, PurePosixPath):
            _below(root, each).mkdir(parents=True, exist_ok=True)
        elif not each.foreign:
            _copy(context, each, root)


def _copy(context: Path, copy: Copy, root: Path) -> None:
    target, made = _below(root, copy.target), []
    for source in (path for name in copy.sources for path in sources(context, name)):
        if source.is_dir() and not source.is_symlink():
            inner = [path for path in sorted(source.rglob("*")) if not _ignored(context, path)]
            target.mkdir(parents=True, exist_ok=True)
            pairs = [(path, target / path.relative_to(source)) for path in inner]
        else:
            pairs = [(source, target / source.name if copy.into or target.is_dir() else target)]
        for path, place in pairs:
            if path.is_dir() and not path.is_symlink():
                place.mkdir(parents=True, exist_ok=True)
                made.append((place, path.stat().st_mode))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.unlink(missing_ok=True)
                shutil.copy(path, place, follow_symlinks=False)
                made += [] if path.is_symlink() else [(place, path.stat().st_mode)]
    for place, mode in reversed(made):  # a folder last: it may not let anybody in
        place.chmod(copy.mode or mode)


def _is_foreign(source: str, name: str) -> bool:
    return "://" in source or source.startswith(("git@", "<<")) or (name == "ADD" and source.endswith(ARCHIVES))


def _below(root: Path, place: PurePosixPath) -> Path:
    return root / _cleaned(str(place))


def _cleaned(place: str) -> str:
    """A place in a folder that nothing leads out of, without what says nothing."""
    words: list[str] = []
    for word in place.split("/"):
        words = words[:-1] if word == ".." else words + [word] * (word not in ("", "."))
    return "/".join(words)


def _ignored(context: Path, path: Path) -> bool:
    """Whether .dockerignore leaves a file out: the last line that names it, or a folder that it is in, decides."""
    place, found = path.relative_to(context), False
    rules = context / ".dockerignore"
    for line in rules.read_text(errors="replace").splitlines() if rules.is_file() else ():
        rule = line.strip()
        if rule and not rule.startswith("#"):
            pattern = re.compile(_as_regex(_cleaned(rule.removeprefix("!").strip())))
            if any(pattern.fullmatch(each.as_posix()) for each in (place, *place.parents)):
                found = not rule.startswith("!")
    return found


def _as_regex(pattern: str) -> str:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(parts.get(part, re.escape(part)) for part in re.findall(r"\*\*/|\*\*|.", pattern))
