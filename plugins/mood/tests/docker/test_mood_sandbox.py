"""Where a package runs: docker, podman or bubblewrap, sealed as the organisers do it, nothing of this machine."""

import os
import shutil
import tarfile

import pytest

from challengeflow import InputError
from challengeflow_mood.commands import check_package, mood_image
from challengeflow_mood.docker import archive, machine_python, sandbox

ENGINE = """#!/bin/sh
echo "$*" >> "{folder}/calls"
case "$1" in
    run) ;;
    build) cat > "{folder}/built.tar"; exit 0;;
    info) exit {info};;
    *) exit 0;;
esac
for word in "$@"; do
    case "$word" in
        *:/mnt/data:ro) inputs=${{word%:/mnt/data:ro}};;
        *:/mnt/pred) outputs=${{word%:/mnt/pred}};;
        /workspace/*) script=$word;;
    esac
done
[ -n "${{script:-}}" ] || exit 0
exec "{context}${{script#/workspace}}" "$inputs" "$outputs"
"""


@pytest.fixture
def engine(tmp_path, monkeypatch, package):
    """Makes a stand-in for docker or podman, which notes how it is called and runs scripts where they lie."""

    def make(name, info=0):
        binaries = tmp_path / "bin"
        binaries.mkdir(exist_ok=True)
        (binaries / name).write_text(ENGINE.format(folder=tmp_path, context=package.folder, info=info))
        (binaries / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
        return tmp_path / "calls"

    return make


@pytest.mark.parametrize("tool", ["docker", "podman"])
def test_an_engine_is_called_as_the_organisers_call_it(engine, package, tmp_path, tool):
    calls = engine(tool)
    archive.write_tar(package.folder, tmp_path / "package.tar")
    work = tmp_path / "work"
    work.mkdir()
    report = check_package.check(tmp_path / "package.tar", package.toys, work, wanted=tool)
    assert report.problems == []
    assert report.sandbox == tool
    assert (tmp_path / "built.tar").read_bytes() == (tmp_path / "package.tar").read_bytes()
    run = next(
        line for line in calls.read_text().splitlines() if line.endswith("run_pixel_brain.sh /mnt/data /mnt/pred")
    )
    assert "--network none --read-only --user 61234:61234" in run
    assert ("--read-only-tmpfs=false" in run) == (tool == "podman")  # podman alone has a writable /tmp otherwise


def test_an_image_is_loaded_and_a_slow_container_killed(engine, package, tmp_path):
    calls = engine("docker")
    root = tmp_path / "root.tar"
    with tarfile.open(root, "w") as tar:
        for path in sorted(package.folder.iterdir()):
            tar.add(path, f"workspace/{path.name}")
    mood_image.write_layers(tmp_path / "image.tar", [root], "mine:1")
    package.say("sample", "sleep 30")
    work = tmp_path / "work"
    work.mkdir()
    report = check_package.check(tmp_path / "image.tar", package.toys, work, wanted="docker", limit=0.2)
    assert any("was stopped after 0.6 s" in problem for problem in report.problems)
    lines = calls.read_text().splitlines()
    assert any(line.startswith("load --input") for line in lines)
    label = next(line for line in lines if "run_sample_brain.sh" in line).split("--name ")[1].split()[0]
    assert f"kill {label}" in lines


@pytest.mark.usefixtures("bubblewrap")
def test_what_does_not_work_is_passed_over_with_its_reason(engine, package, tmp_path):
    engine("docker", info=1)
    engine("podman", info=1)
    archive.write_tar(package.folder, tmp_path / "package.tar")
    said = []
    box = sandbox.open_sandbox(tmp_path / "package.tar", package.folder, package.built(), None, said.append)
    assert box.name == "bubblewrap"
    assert [line.split(":")[0] for line in said] == ["docker", "podman"]
    assert "is not ready" in said[0]


@pytest.mark.usefixtures("bubblewrap")
def test_inside_nothing_of_this_machine_is_in_sight(package, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    hidden = [str(outside), "/etc/passwd", *machine_python.own_places()]
    looks = "\n".join(f'if [ -e "{place}" ]; then echo "seen: {place}" >&2; exit 3; fi' for place in hidden)
    package.say("sample", looks + "\npython3 -c 'import challengeflow' 2> /dev/null && exit 4")
    report = package.check()
    assert not [problem for problem in report.problems if "status" in problem], report.problems
    assert len(hidden) == 5


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize("boxed", [True, False])
def test_the_choice_of_numeric_kernels_alone_is_as_outside(monkeypatch, package, tmp_path, boxed):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")  # another one answers in other last digits
    monkeypatch.setenv("SECRET", "seen")
    archive.write_tar(package.folder, tmp_path / "package.tar")
    opened = sandbox.open_sandbox(tmp_path / "package.tar", package.folder, package.built(), "bwrap", print)
    box = opened if boxed else sandbox.Unboxed(package.folder)
    out = tmp_path / "out"
    out.mkdir()
    done = sandbox.run_inside(box, ["/bin/sh", "-c", 'echo "$OPENBLAS_CORETYPE$SECRET"'], out, out, os.getuid(), 60)
    assert done.output == "Haswell\n", done.errors


@pytest.mark.usefixtures("bubblewrap")
def test_a_leaky_sandbox_is_noticed(monkeypatch, package, tmp_path):
    monkeypatch.setattr(machine_python, "SYSTEM", ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/tmp"))
    problems = package.check().problems
    assert any("the sandbox does not hold" in problem and "sentinel" in problem for problem in problems)


def test_a_tool_that_is_not_there(package, tmp_path, monkeypatch):
    archive.write_tar(package.folder, tmp_path / "package.tar")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="docker: not installed; podman: not installed; bwrap: not installed"):
        sandbox.open_sandbox(tmp_path / "package.tar", package.folder, package.built(), None, lambda text: None)


def test_libraries_that_this_machine_has_not(package, tmp_path):
    for line, sentence in (("nosuchthing==1.0\n", "this machine has not"), ("numpy==0.1\n", "asks for numpy 0.1")):
        (package.folder / "requirements.txt").write_text(line)
        with pytest.raises(InputError, match=sentence):
            machine_python.binds(package.folder / "requirements.txt", tmp_path)
