"""What the hook `inspect` says of a folder, held against the folder."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from challengeflow.contract.errors import InputError, PluginError
from challengeflow.contract.inspection import Inspected
from challengeflow.planning.plugins import Registry
from challengeflow.reporting.inspect_source import UNSAID, files_of, inspect_source


def inspection_complaints(registry: Registry, challenge: str, source: Path) -> Iterator[str]:
    """One sentence for each thing that is wrong; a folder that the plugin refuses with a sentence is no fault."""
    before = files_of(source)
    try:
        rows = inspect_source(registry, challenge, source)
    except PluginError as error:
        yield f"fails on a folder of mixed files ({error}); give each file a row, or raise one InputError"
        return
    except InputError:
        return
    if files_of(source) != before:
        yield "writes into the folder that it looks at; it writes nothing"
    for row in rows:
        if not isinstance(row, Inspected):
            yield f"returns a {type(row).__name__} where an Inspected is expected"
            return
        for name in row.files:
            if not (source / name).exists():
                yield f"names the file {name!r}, which is not there; give paths below job.source"
        if row.status == UNSAID:
            yield f"does not say what becomes of {row.files[0]!r}; name it in a row, with the reason why it is not used"
    for sample, count in Counter(row.sample for row in rows if row.sample).items():
        if count > 1:
            yield f"lists the sample {sample!r} {count} times; give each a row"
