"""A process that runs stages one after the other, as jobs of the workflow would, and may be killed in one.

It reads a line of JSON from standard input for each stage and answers with one, the error or null.
"""

import json
import os
import sys
from typing import Any

from challengeflow.errors import InputError, PluginError
from challengeflow.hookspecs import hookimpl
from challengeflow.plan import Plan
from challengeflow.plugins import Registry, registry
from challengeflow.stages import Stages

HOOKS = ("download", "preprocess", "train", "predict", "score", "package")


class Interrupted(Exception):
    """Raised after a hook has returned, in place of the core's renaming of its outputs."""


@hookimpl(wrapper=True)
def _interrupting(job: Any):
    yield
    raise Interrupted


class Interrupter:
    """A plugin whose wrappers let each hook do all its work and then fail."""


for _hook in HOOKS:
    setattr(Interrupter, _hook, staticmethod(_interrupting))


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    for line in sys.stdin:
        print(json.dumps(_answer(registry(), json.loads(line))), file=answers)


def _answer(found: Registry, order: dict[str, Any]) -> dict[str, Any] | None:
    if order["interrupt"]:
        found.manager.register(Interrupter, "interrupter")
    try:
        stages = Stages(found, Plan(order["challenge"], order["config"]))
        getattr(stages, order["method"])(*order["arguments"])
    except InputError as error:
        if isinstance(error.__cause__, Interrupted):
            return None
        return {"bug": isinstance(error, PluginError), "message": str(error)}
    finally:
        if order["interrupt"]:
            found.manager.unregister(name="interrupter")
    return None


if __name__ == "__main__":
    main()
