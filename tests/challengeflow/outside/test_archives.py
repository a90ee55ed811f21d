"""Archives are read as they are, and nothing in one gets out of its folder, however it is made."""

import gzip
import io
import os
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from challengeflow import InputError
from challengeflow.outside import archives
from challengeflow.outside.unpacking import Unpacking, unpack

LINKS = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}


def tar(path: Path, *parts: tuple, mode: str = "w") -> Path:
    """A tar file of (name, content) files, (name, None) folders, (name, kind, target) links and (name, type) others."""
    with tarfile.open(path, mode) as made:
        for name, what, *target in parts:
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = LINKS[what], target[0]
            elif what is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(what, int):
                info.mode, what = what, b"x"
            elif what in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
                info.type = what
            content = what if isinstance(what, bytes) and info.isreg() else b""
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, *parts: tuple) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content, *mode in parts:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (mode[0] if mode else 0o644) << 16
            made.writestr(info, content)
    return path


@pytest.fixture
def folder(tmp_path):
    """Where to unpack, beside a file that must stay as it is."""
    (tmp_path / "secret").write_text("mine")
    yield tmp_path / "in"
    assert (tmp_path / "secret").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} <= {"secret", "in", "a", "b"}
    for path in (tmp_path / "in").rglob("*") if (tmp_path / "in").exists() else ():
        assert path.is_symlink() or not stat.S_IMODE(path.stat().st_mode) & 0o7022
        assert Path(os.path.realpath(path)).is_relative_to((tmp_path / "in").resolve())
        assert path.is_symlink() or path.is_dir() or path.is_file()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_sound_tar_is_laid_out(tmp_path, folder, mode):
    parts = [
        ("./", None),
        ("./d", None),
        ("./d/f", b"1"),
        ("d/run", 0o755),
        ("l", "link", "d/f"),
        ("h", "hard", "./d/f"),
    ]
    unpack(tar(tmp_path / "a", *parts, mode=mode), folder)
    assert (folder / "l").read_text() == (folder / "h").read_text() == "1"
    assert os.access(folder / "d/run", os.X_OK) and not os.access(folder / "d/f", os.X_OK)


def test_a_sound_zip_is_laid_out(tmp_path, folder):
    unpack(zipped(tmp_path / "a", ("d/", b""), ("d/f", b"1" * 1000), ("l", b"d/f", stat.S_IFLNK | 0o777)), folder)
    assert (folder / "l").read_text() == "1" * 1000


@pytest.mark.parametrize(
    "parts",
    [
        [("../secret", b"x")],
        [("d/../../secret", b"x")],
        [("l", "link", "/"), ("l/tmp", b"x")],
        [("l", "link", ".."), ("l/secret", b"x")],
        [("l", "link", "../secret")],
        [("l", "link", "/etc/passwd")],
        [("d", None), ("a", "link", "d"), ("l", "link", "a/../../secret")],
        [("d/e", None), ("a", "link", "d/e"), ("b", "link", "a/../../.."), ("d", "link", ".")],
        [("secret", "hard", "../secret"), ("secret", b"x")],
        [("h", "hard", "/proc/self/environ")],
        [("l", "link", "l"), ("l/x", b"x")],
        [("a", "link", "b"), ("b", "link", "a")],
        [("f", b"1"), ("f/g", b"2")],
        [("x" * 300, b"1")],
        [("", b"1"), ("..", "link", "x")],
    ],
)
def test_what_leads_out_is_one_sentence(tmp_path, folder, parts):
    with pytest.raises(InputError, match=str(tmp_path / "a")):
        unpack(tar(tmp_path / "a", *parts), folder)


@pytest.mark.parametrize("name", ["../secret", "/../secret", "d/../../secret"])
def test_what_leads_out_of_a_zip_is_one_sentence(tmp_path, folder, name):
    with pytest.raises(InputError, match="outside"):
        unpack(zipped(tmp_path / "a", (name, b"x")), folder)


def test_devices_are_left_out_and_rights_taken_away(tmp_path, folder):
    parts = [("null", tarfile.CHRTYPE), ("disk", tarfile.BLKTYPE), ("pipe", tarfile.FIFOTYPE), ("su", 0o6777)]
    unpack(tar(tmp_path / "a", *parts), folder)
    assert [path.name for path in folder.iterdir()] == ["su"]


def test_a_file_that_comes_twice_is_the_last_one_and_its_other_name_stays(tmp_path, folder):
    unpack(
        tar(tmp_path / "a", ("f", b"1"), ("h", "hard", "f"), ("f", b"2"), ("l", "link", "f"), ("l", b"three")), folder
    )
    assert [(folder / name).read_text() for name in "fhl"] == ["2", "1", "three"]


def test_names_from_the_root_are_meant_from_the_folder(tmp_path, folder):
    unpack(tar(tmp_path / "a", ("/etc/passwd", b"1")), folder)
    assert (folder / "etc/passwd").read_text() == "1"


def test_layers_lie_over_each_other(tmp_path, folder):
    tar(tmp_path / "a", ("d/a", b"1"), ("d/b", b"1"), ("e/a", b"1"), ("g/h/i", b"1"), ("k", "link", "/e/a"))
    tar(
        tmp_path / "b",
        ("d/.wh.a", b""),
        ("e/c", b"2"),
        ("e/.wh..wh..opq", b""),
        ("g", "link", "../../d"),
        ("u/k", "link", "/../d"),
    )
    root = Unpacking(tmp_path / "a", folder, rooted=True)
    for name in "ab":
        with archives.opened(tmp_path / name) as parts:
            root.lay(parts, ".wh.")
    root.finish()
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) == [
        "d",
        "d/b",
        "e",
        "e/c",
        "g",
        "k",
        "u",
        "u/k",
    ]
    assert (folder / "k").readlink() == Path("e/a") and (folder / "g").readlink() == Path("d")
    assert (folder / "u/k").readlink() == Path("../d")


@pytest.mark.parametrize("name", ["../x/.wh.secret", ".wh...", ".wh.", "l/.wh.secret", "../.wh.secret"])
def test_a_whiteout_hides_nothing_outside(tmp_path, folder, name):
    tar(tmp_path / "a", ("l", "link", ".."), (name, b""))
    with pytest.raises(InputError), archives.opened(tmp_path / "a") as parts:
        Unpacking(tmp_path / "a", folder, rooted=True).lay(parts, ".wh.")


def test_links_through_links_end(tmp_path, folder):
    many = [("l0", "link", ".")] + [(f"l{n}", "link", f"l{n - 1}/" * 9) for n in range(1, 30)]
    with pytest.raises(InputError, match="circle, or through too many"):
        unpack(tar(tmp_path / "a", *many), folder)


def test_bombs_are_told_by_their_sizes(tmp_path, folder):
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_DEFLATED) as made, made.open("x", "w") as file:
        for _ in range(200):
            file.write(bytes(1 << 20))
    with pytest.raises(InputError, match="would unpack to more than"):
        unpack(tmp_path / "a", folder)
    with gzip.open(tmp_path / "b", "wb", compresslevel=1) as file:
        info = tarfile.TarInfo("x")
        info.size = 200 << 20
        file.write(info.tobuf())
        for _ in range(200):
            file.write(bytes(1 << 20))
    with pytest.raises(InputError, match="would unpack to more than"), archives.opened(tmp_path / "b") as parts:
        list(parts)
    assert not folder.exists() or not any(folder.iterdir())


def test_a_header_of_any_length_is_not_read(tmp_path):
    with gzip.open(tmp_path / "a", "wb") as file:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.GNUTYPE_LONGNAME, 50 << 20
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(50):
            file.write(bytes(1 << 20))
    with pytest.raises(InputError, match="a header of"), archives.opened(tmp_path / "a") as parts:
        list(parts)


def test_one_part_is_found_and_read(tmp_path):
    tar(tmp_path / "a", ("./d/manifest.json", b"[1]"))
    with archives.found(tmp_path / "a", "d/manifest.json") as part:
        assert part.read(3) == b"[1]"
    with pytest.raises(InputError, match="more than the 2"), archives.found(tmp_path / "a", "d/manifest.json") as part:
        part.read(2)
    with pytest.raises(InputError, match="holds no file x"), archives.found(tmp_path / "a", "x"):
        pass
    with pytest.raises(InputError, match="there is no file"), archives.opened(tmp_path / "none"):
        pass


def test_a_full_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x").touch()
    with pytest.raises(InputError, match="is not empty"):
        unpack(tar(tmp_path / "a", ("f", b"1")), tmp_path / "in")


@pytest.mark.parametrize("seed", range(120))
def test_damaged_archives_are_read_or_told(tmp_path, folder, seed):
    draw = random.Random(seed)
    parts = [
        ("d", None),
        ("d/f", draw.randbytes(700)),
        ("l", "link", "d/f"),
        ("h", "hard", "d/f"),
        ("n" * 120, b"2" * 2000),
    ]
    if seed % 3:
        tar(tmp_path / "a", *parts, mode=draw.choice(["w", "w:gz", "w:bz2", "w:xz"]))
    else:
        zipped(tmp_path / "a", ("d/f", draw.randbytes(700)), ("g", b"2" * 2000))
    content = bytearray((tmp_path / "a").read_bytes())
    for _ in range(draw.choice([1, 3, 20])):
        content[draw.randrange(len(content))] = draw.choice([0, 255, 128, 48, draw.randrange(256)])
    if seed % 5 == 0:
        del content[draw.randrange(len(content)) :]
    (tmp_path / "a").write_bytes(content)
    try:
        unpack(tmp_path / "a", folder)
    except InputError as error:
        assert "\n" not in str(error)
