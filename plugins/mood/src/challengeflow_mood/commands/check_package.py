"""The command `challengeflow check-package`: a submission archive, run as the organisers run it, checked, scored and
timed.

Starts from the archive alone: a build context (what `package` writes) or an image (`docker save`). First the scripts
are read (`lint`), then the sandbox is probed, then each of the four scripts answers the toy cases: all of them as an
arbitrary user, the last alone as root, and one of full size, from which comes the time of a whole test folder.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from challengeflow import InputError
from challengeflow_mood.docker import archive, sandbox
from challengeflow_mood.docker.dockerfile_lint import built, lint_settings
from challengeflow_mood.docker.package_trial import LIMIT, Report, Trial
from challengeflow_mood.docker.script_lint import SCRIPTS, lint
from challengeflow_mood.docker.trial_toys import Toys, toy_cases


def main(arguments: list[str]) -> int:
    """Run the command; 1 where something is wrong. Raises InputError for what the user can mend."""
    options = _parser().parse_args(arguments)
    if not options.package.is_file():
        raise InputError(f"{options.package} is no file; give the tar file that package or `docker save` wrote")
    with tempfile.TemporaryDirectory(prefix="check-package-", dir=options.work) as work:
        (Path(work) / "answers").mkdir()  # also where no script is there to be run
        toys = toy_cases(options.data, Path(work) / "toys")
        report = check(
            options.package,
            toys,
            Path(work),
            wanted=options.tool,
            limit=options.limit,
            test_cases=options.test_cases,
            say=lambda text: print(text, flush=True),
        )
        if options.keep:
            shutil.copytree(Path(work) / "answers", options.keep, dirs_exist_ok=True)
    if options.report:
        options.report.write_text(json.dumps(asdict(report), indent=2) + "\n")
    _print(report, options.test_cases)
    return 1 if report.problems else 0


def check(
    package: Path,
    toys: dict[str, Toys],
    work: Path,
    *,
    wanted: str | None = None,
    limit: float = LIMIT,
    test_cases: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Lint, probe and run a package on toy cases in `work`; answers stay in work/answers/DATASET/TASK.

    test_cases: project the time to a folder of that many, which takes a second run of each script; None leaves that
    out. Raises InputError where the package is no archive or nothing here can run it.
    """
    report, unpacked = Report(), work / "package"
    unpacked.mkdir()
    archive.unpack(package, unpacked)
    is_image = archive.is_image(package)
    root = unpacked if is_image else work / "root"
    workspace = root / "workspace"
    report.problems += lint_settings(archive.settings(package)) if is_image else built(unpacked, root)
    if not is_image and not any((workspace / script).is_file() for script in SCRIPTS):
        raise InputError(f"{package} holds none of {', '.join(SCRIPTS)}{_inside(unpacked)}")
    report.problems += lint(workspace)
    box = sandbox.open_sandbox(package, unpacked, root, wanted, say)
    report.sandbox = box.name
    say(f"running under {box.name}")
    trial = Trial(box, work, report, limit=limit, test_cases=test_cases, say=say)
    trial.probe()
    trial.run_scripts(workspace, toys)
    return report


def _inside(unpacked: Path) -> str:
    """Where a build context lies that was packed with the folder that it is in."""
    found = next(iter(sorted(unpacked.rglob("Dockerfile"))), None)
    return f"; pack what is in its folder {found.parent.relative_to(unpacked)}, and not that folder" if found else ""


def _print(report: Report, test_cases: int) -> None:
    print(f"\n{'script':<22} {'cases':>5} {'s':>8} {'s/case':>7} {f's/{test_cases}':>7} {'MiB':>6} {'AP':>8}")
    for run in report.runs:
        figures = (run.seconds, run.seconds_a_case, run.projected, run.peak_mb, run.average_precision)
        texts = ["-" if f is None else f"{f:.4f}" if at == 4 else f"{f:g}" for at, f in enumerate(figures)]
        print(
            f"{run.script:<22} {run.cases:>5} "
            + " ".join(f"{t:>{w}}" for t, w in zip(texts, (8, 7, 7, 6, 8), strict=True))
        )
    for note in report.notes:
        print(f"note: {note}")
    for problem in report.problems:
        print(f"wrong: {problem}")
    print(
        f"\n{len(report.problems)} things are wrong"
        if report.problems
        else f"\nnothing is wrong, under {report.sandbox}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="challengeflow check-package",
        description="Run a MOOD submission archive as the organisers do and check it.",
    )
    parser.add_argument("package", type=Path, help="tar file of a build context or an image")
    parser.add_argument("--data", type=Path, help="the organisers' toy cases (folders or zips); made ones without it")
    parser.add_argument("--with", dest="tool", choices=("docker", "podman", "bwrap"), help="by default what works")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds a case (600)")
    parser.add_argument(
        "--test-cases", type=int, default=100, help="size of the test folder to project the time to (100)"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder to keep the answers in")
    parser.add_argument("--report", type=Path, metavar="FILE", help="JSON file to write the findings to")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder for intermediate files")
    return parser
