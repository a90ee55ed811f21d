"""Running a package's scripts as the organisers do: read-only root, no network, one folder to write to, an arbitrary
user; and from `/`, so that nothing is found by chance through the working directory.

Each way is a class with a `name` and the `command` that starts something inside: bubblewrap, podman or docker, or none.
"""

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from challengeflow import InputError
from challengeflow_mood.docker import archive, machine_python

INPUTS, OUTPUTS, WORKSPACE = "/mnt/data", "/mnt/pred", "/workspace"
# Where these are set they choose the kernels of numeric libraries, and with them last digits: inside they are as
# outside.
KERNELS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE")


@dataclass(frozen=True)
class Finished:
    """How a command ended. `peak_mb`: memory of its largest process, None where the tool hides it."""

    status: int
    seconds: float
    output: str
    errors: str
    stopped: bool
    peak_mb: float | None


@dataclass(frozen=True)
class Bubblewrap:
    """`bwrap` on a read-only root made of `root`, its options."""

    root: tuple[str, ...]
    name: str = "bubblewrap"

    def command(self, words: list[str], inputs: Path, outputs: Path, user: int, label: str) -> list[str]:
        places = ["--ro-bind", str(inputs), INPUTS, "--bind", str(outputs), OUTPUTS]
        private = ["--unshare-all", "--die-with-parent", "--new-session", "--uid", str(user), "--gid", str(user)]
        sealed = ["--remount-ro", "/", "--remount-ro", "/dev"]
        return ["bwrap", *private, *self.root, *places, *sealed, "--chdir", "/", "--", *words]

    def stop(self, label: str) -> None:
        """Nothing to do: what runs inside dies with its parent."""


@dataclass(frozen=True)
class Engine:
    """`docker` or `podman` on an image. What podman needs on a machine of its own is set in its containers.conf."""

    name: str
    image: str
    options: tuple[str, ...] = field(default=())

    def command(self, words: list[str], inputs: Path, outputs: Path, user: int, label: str) -> list[str]:
        places = ["-v", f"{inputs}:{INPUTS}:ro", "-v", f"{outputs}:{OUTPUTS}"]
        closed = [
            "--rm",
            "--name",
            label,
            "--workdir",
            "/",
            "--network",
            "none",
            "--read-only",
            "--user",
            f"{user}:{user}",
        ]
        return [self.name, "run", *closed, *self.options, *places, self.image, *words]

    def stop(self, label: str) -> None:
        subprocess.run([self.name, "kill", label], capture_output=True)


@dataclass(frozen=True)
class Unboxed:
    """No sandbox: the scripts as they lie in `workspace`, on this process's Python. For machines that have none of the
    above.
    """

    workspace: Path
    name: str = "no sandbox"

    def command(self, words: list[str], inputs: Path, outputs: Path, user: int, label: str) -> list[str]:
        places = {INPUTS: str(inputs), OUTPUTS: str(outputs)}
        script = words[0].replace(WORKSPACE, str(self.workspace))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")])
        kernels = [f"{name}={value}" for name, value in chosen_kernels().items()]
        return ["env", "-i", f"PATH={path}", *kernels, script, *(places.get(word, word) for word in words[1:])]

    def stop(self, label: str) -> None:
        """Nothing to do: the process group has been killed."""


Sandbox = Bubblewrap | Engine | Unboxed


def run_inside(sandbox: Sandbox, words: list[str], inputs: Path, outputs: Path, user: int, limit: float) -> Finished:
    """Run a command inside, stopped after `limit` seconds. `outputs` is made writable for every user."""
    outputs.chmod(0o777)
    label = f"mood-{uuid.uuid4().hex[:12]}"
    command = sandbox.command(words, inputs.resolve(), outputs.resolve(), user, label)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd="/", start_new_session=True)
        stopped, usage = _wait(process, started + limit)
        if stopped:
            sandbox.stop(label)
        seconds = time.monotonic() - started
        said, complained = _text(output), _text(errors)
    peak = usage.ru_maxrss / 1024 if not isinstance(sandbox, Engine) else None
    return Finished(process.returncode, seconds, said, complained, stopped, peak)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def chosen_kernels() -> dict[str, str]:
    """Those of `KERNELS` that are set here."""
    return {name: os.environ[name] for name in KERNELS if name in os.environ}


def _wait(process: subprocess.Popen, until: float) -> tuple[bool, resource.struct_rusage]:
    """Wait for a process and what it has started; kill it at the moment `until`. Whether it was killed, and what it
    used.
    """
    stopped = False
    while True:
        pid, status, usage = os.wait4(process.pid, 0 if stopped else os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return stopped, usage
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            stopped = True
        else:
            time.sleep(0.02)


def open_sandbox(package: Path, unpacked: Path, root: Path, wanted: str | None, say: Callable[[str], None]) -> Sandbox:
    """The first way that works for a package (of docker, podman, bubblewrap; `wanted` alone where it is said).

    unpacked: the folder that `archive.unpack` has filled. root: the same of an image; of a build context what
    `dockerfile_lint.built` has laid out. say: gets a line for each way that does not work. Raises
    InputError where none does, with the reasons.
    """
    reasons = []
    for tool in (wanted,) if wanted else ("docker", "podman", "bwrap"):
        try:
            return _bubblewrap(package, unpacked, root) if tool == "bwrap" else _engine(tool, package)
        except InputError as error:
            reasons.append(f"{tool}: {error}")
            say(reasons[-1])
    raise InputError(f"the package cannot be run here ({'; '.join(reasons)}); install bubblewrap or start docker")


def _engine(tool: str, package: Path) -> Engine:
    if shutil.which(tool) is None:
        raise InputError("not installed")
    _engine_call(tool, ["info"], "is not ready")
    if archive.is_image(package):
        _engine_call(tool, ["load", "--input", str(package)], "cannot load the image")
        image = archive.image_tag(package)
    else:
        with open(package, "rb", buffering=0) as file:
            # one image a package, however often checked
            image = f"mood-check-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
            file.seek(0)
            _engine_call(tool, ["build", "--tag", image, "-"], "cannot build the image", file)
    return Engine(tool, image, ("--read-only-tmpfs=false",) if tool == "podman" else ())


def _engine_call(tool: str, words: list[str], what: str, given: int | IO[bytes] = subprocess.DEVNULL) -> None:
    done = subprocess.run([tool, *words], stdin=given, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise InputError(f"{what}: {last[0]}")


def _own(root: Path) -> list[Path]:
    """The files and folders of a package that have a place beside this machine's system and Python."""
    taken = {*machine_python.SYSTEM, *machine_python.TAKEN, "/mnt", "/proc", "/dev", "/sys", "/tmp"}
    places = [path for path in sorted(root.iterdir()) if f"/{path.name}" not in taken]
    shared = [root / place[1:] for place in machine_python.TAKEN]
    inner = [path for folder in shared if folder.is_dir() for path in sorted(folder.iterdir())]
    return places + [path for path in inner if f"/{path.relative_to(root)}" != machine_python.VENV]


def _bubblewrap(package: Path, unpacked: Path, root: Path) -> Bubblewrap:
    """An image's own root, or for a build context the machine's system and Python with the libraries it names, and
    nothing else.
    """
    if shutil.which("bwrap") is None:
        raise InputError("not installed")
    if archive.is_image(package):
        for place in (INPUTS, OUTPUTS, "/proc", "/dev", WORKSPACE):
            (root / place[1:]).mkdir(parents=True, exist_ok=True)
        words = ["--ro-bind", str(root), "/"]
    else:
        words = ["--dir", "/tmp", *machine_python.binds(unpacked / "requirements.txt", unpacked.parent)]
        words += [word for path in _own(root) for word in ("--ro-bind", str(path), f"/{path.relative_to(root)}")]
    path = f"{machine_python.VENV}/bin:/usr/local/bin:/usr/bin:/bin"
    words += ["--proc", "/proc", "--dev", "/dev", "--clearenv", "--setenv", "PATH", path, "--setenv", "HOME", "/"]
    words += [word for name, value in chosen_kernels().items() for word in ("--setenv", name, value)]
    sandbox = Bubblewrap(tuple(words))
    with tempfile.TemporaryDirectory() as folder:
        done = run_inside(sandbox, ["/bin/sh", "-c", ":"], Path(folder), Path(folder), os.getuid(), 60)
    if done.status != 0:
        raise InputError(f"cannot start: {done.errors.strip() or 'no message'}")
    return sandbox
