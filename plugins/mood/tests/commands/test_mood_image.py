"""The image archive: three layers that lie over each other as one root, the same bytes each time."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from challengeflow import InputError
from challengeflow_mood.commands import mood_image
from challengeflow_mood.docker import archive
from challengeflow_mood.docker.dockerfile_lint import lint_settings

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def package(tmp_path):
    context = tmp_path / "context"
    context.mkdir()
    (context / "run_pixel_brain.sh").write_text("#!/bin/sh\n")
    (context / "run_pixel_brain.sh").chmod(0o755)
    (context / "Dockerfile").write_text("FROM scratch\n")
    (context / "requirements.txt").write_text("pluggy\n")
    archive.write_tar(context, tmp_path / "mood-Mine.tar")
    return tmp_path / "mood-Mine.tar"


def base(path: Path, python=f"./usr/bin/{PYTHON}") -> Path:
    """A root file system of two files, as `tar -C ROOT -cf base.tar .` writes it."""
    with tarfile.open(path, "w") as tar:
        whole = tarfile.TarInfo("./")
        whole.type, whole.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(whole)
        for name in (python, "./etc/hidden"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    return path


def test_nothing_is_unpacked_outside(tmp_path):
    with tarfile.open(tmp_path / "package.tar", "w") as tar:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "outside")
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("way/out"))
    (tmp_path / "outside").mkdir()
    (tmp_path / "inside").mkdir()
    with pytest.raises(InputError, match="'way/out', which would lie outside"):
        archive.unpack(tmp_path / "package.tar", tmp_path / "inside")
    assert not list((tmp_path / "outside").iterdir())


def test_the_layers_make_one_root(package, tmp_path):
    words = [str(package), "--base", str(base(tmp_path / "base.tar")), "--output", str(tmp_path / "image.tar")]
    assert mood_image.main(words) == 0
    assert archive.is_image(tmp_path / "image.tar")
    assert archive.image_tag(tmp_path / "image.tar") == "localhost/mood-mine:1"
    root = tmp_path / "root"
    archive.unpack(tmp_path / "image.tar", root)
    assert (root / "workspace/run_pixel_brain.sh").stat().st_mode & 0o777 == 0o755
    assert (root / "opt/venv/bin/python3").readlink() == Path(f"../../../usr/bin/{PYTHON}")  # and so nowhere outside
    assert (root / f"opt/venv/lib/{PYTHON}/site-packages/pluggy/__init__.py").is_file()
    assert not list(root.rglob("__pycache__"))
    assert (root / "etc/hidden").is_file()
    with tarfile.open(tmp_path / "image.tar") as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())[0]
        config = json.loads(tar.extractfile(manifest["Config"]).read())
    assert [f"sha256:{name.removesuffix('.tar')}" for name in manifest["Layers"]] == config["rootfs"]["diff_ids"]
    assert config["config"]["Env"][0].startswith("PATH=/opt/venv/bin:")


def test_the_same_bytes_each_time(package, tmp_path):
    for name in ("one", "two"):
        mood_image.write_image(package, base(tmp_path / "base.tar"), tmp_path / f"{name}.tar", "mood:1")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_later_layer_may_take_files_away(tmp_path):
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        tar.addfile(tarfile.TarInfo("etc/.wh.hidden"))
    mood_image.write_layers(tmp_path / "image.tar", [base(tmp_path / "base.tar"), layer], "mood:1")
    archive.unpack(tmp_path / "image.tar", tmp_path / "root")
    assert not (tmp_path / "root/etc/hidden").exists()
    assert (tmp_path / f"root/usr/bin/{PYTHON}").exists()


def test_bases_that_will_not_do(package, tmp_path):
    with pytest.raises(InputError, match=f"holds no {PYTHON}"):
        mood_image.write_image(
            package, base(tmp_path / "base.tar", "./usr/bin/python2.7"), tmp_path / "image.tar", "mood:1"
        )
    (tmp_path / "no.tar").write_text("x")
    with pytest.raises(InputError, match="is no tar file"):
        mood_image.write_image(package, tmp_path / "no.tar", tmp_path / "image.tar", "mood:1")
    mood_image.write_image(package, base(tmp_path / "base.tar"), tmp_path / "image.tar", "mood:1")
    with pytest.raises(InputError, match="is an image already"):
        mood_image.write_image(tmp_path / "image.tar", tmp_path / "base.tar", tmp_path / "again.tar", "mood:1")


def test_the_settings_of_an_image_are_looked_at(package, tmp_path):
    mood_image.write_image(package, base(tmp_path / "base.tar"), tmp_path / "image.tar", "mood:1")
    settings = archive.settings(tmp_path / "image.tar")
    assert settings["WorkingDir"] == "/workspace"
    assert list(lint_settings(settings)) == []
    assert list(lint_settings({"Entrypoint": []})) == []
    (problem,) = lint_settings({"Entrypoint": ["python3", "main.py"]})
    assert 'has the entrypoint ["python3", "main.py"]' in problem
