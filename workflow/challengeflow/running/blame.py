"""Whose mistake it was: what goes wrong inside a stage, told in one sentence with the traceback kept in a file."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from challengeflow.contract.credentials import redacted
from challengeflow.contract.errors import ContractError, InputError, PluginError
from challengeflow.contract.samples import Sample
from challengeflow.planning.plugins import Registry
from challengeflow.running.disk import want_of_room

ONE_BY_ONE = ("download", "preprocess", "predict")  # stages that treat samples one by one


@contextmanager
def blame(registry: Registry, owner: str, stage: str, note: Path, bound: str | None = None) -> Iterator[None]:
    """Turn what a stage raises into one PluginError: plugin, hook, sample where known, and place.

    owner: the plugin whose hook is called; another one, a wrapper say, is named where the error came out of its code.
    bound: the plugin whose declarations do not hold, where another one's code makes the outputs.
    note: file that the traceback is written to. What already is an InputError stays as it is.
    """
    note.unlink(missing_ok=True)
    try:
        yield
    except ContractError as error:
        raise PluginError(f"plugin {(bound or owner)!r}: {error}") from error
    except InputError:
        raise
    except Exception as error:
        if want_of_room(error, note.parent):
            raise InputError(f"the disk of {note.parent} is full; make room, then run again to go on") from error
        with suppress(OSError):
            note.write_text(redacted(traceback.format_exc()))
        frames = list(traceback.walk_tb(error.__traceback__))[::-1]
        plugin, place = _guilty(registry, frames) or (owner, "")
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        at = _sample(frames) if stage in ONE_BY_ONE else ""
        raise PluginError(
            f"plugin {plugin!r} failed in its hook {stage!r}{at}{place}: {reason}; the traceback is in {note}"
        ) from error


def _guilty(registry: Registry, frames: Sequence[tuple[FrameType, int]]) -> tuple[str, str] | None:
    """The plugin whose code was running innermost, and where in it."""
    packages = {registry.package_of(name): name for name in registry.distribution}
    for frame, line in frames:
        module = frame.f_globals.get("__name__", "")
        if (plugin := packages.get(module.partition(".")[0])) is not None:
            return plugin, f" ({Path(frame.f_code.co_filename).name}, line {line})"
    return None


def _sample(frames: Sequence[tuple[FrameType, int]]) -> str:
    """The sample at hand: the innermost local variable called `sample`, the contract's word for it."""
    for frame, _ in frames:
        sample = frame.f_locals.get("sample")
        if isinstance(sample, Sample | str):
            return f" at sample {getattr(sample, 'id', sample)!r}"
    return ""
