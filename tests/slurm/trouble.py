"""A plugin that makes the training of a fold go wrong once, as FOLDER/trouble.json says: {"0": "memory", "1":
"forever"}.

FOLDER is the working directory of the workflow. What has gone wrong once leaves a mark in `job.work` and does not
again.
"""

import json
import time
from pathlib import Path

from challengeflow import hookimpl


@hookimpl(wrapper=True)
def train(job):
    trouble, mark = Path("trouble.json"), job.work / "troubled"
    kind = json.loads(trouble.read_text()).get(str(job.fold)) if trouble.exists() and not mark.exists() else None
    mark.touch()
    if kind == "memory":
        taken = bytearray(3 << 30)
        taken[::4096] = b"1" * (len(taken) // 4096)  # touched, so that it counts
        time.sleep(60)
    elif kind == "forever":
        time.sleep(3600)
    return (yield)
