"""What a job is given of the settings, as a file: a command line is read by every user of a machine, and has a longest
length.

The file's name is the hash of what it holds. So its path alone tells Snakemake whether a job's part has changed, one
file serves many jobs, and a line that is pasted later gives the job what it was given then.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError

FOLDER = Path(".snakemake/challengeflow")
"""In the folder of the run, which is the working directory of every job."""


def write_part(part: Mapping[str, Any]) -> str:
    """Write a part where it is not there yet, and return the path."""
    text = json.dumps(part, sort_keys=True)
    path = FOLDER / f"{_name(text)}.json"
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if path.is_file() and path.read_text() == text:
            return str(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text)
        os.replace(temporary, path)
    except OSError as error:
        # A dry-run of somebody else's results needs no file.
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise InputError(f"{path.parent} cannot be written: {error.strerror}; mend that, then run again") from None
    return str(path)


def read_part(path: str) -> dict[str, Any] | None:
    """What is in a file that `write_part` wrote; None of any other path, that of a config, say.

    Raises InputError where the file is gone, or holds something else than was written.
    """
    if Path(path).parts[-3:-1] != FOLDER.parts:
        return None
    try:
        text = Path(path).read_text()
    except OSError:
        raise InputError(
            f"there is no {path} any more; run the workflow again, or give `--config config.yaml`"
        ) from None
    if _name(text) != Path(path).stem:
        raise InputError(f"{path} does not hold what was written to it; run the workflow again, which writes it anew")
    part: dict[str, Any] = json.loads(text)
    return part


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
