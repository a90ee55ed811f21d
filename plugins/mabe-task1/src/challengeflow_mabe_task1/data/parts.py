"""Body parts by their names: as people say them, in one order, the same ones in every recording of a dataset."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from challengeflow import InputError
from challengeflow_mabe_task1.data.layouts import MARS_PARTS


def plain(name: str) -> str:
    """A part's name as people say it, so that trackers and models agree: `Tail_base` is `tail base`."""
    return re.sub(r"[\s_.-]+", " ", unicodedata.normalize("NFC", name)).strip().lower()


def plain_names(names: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """The names of a file's parts, those in `renamed` by their new name; as in the file where two would become one."""
    new = {plain(old): name for old, name in renamed.items()}
    found = [plain(new.get(plain(name), name)) for name in names]
    return found if len(set(found)) == len(found) else list(names)


def unnamed(parts: int) -> list[str]:
    """Names for the parts of an array that names none: those of MARS where there are seven, else numbers."""
    return list(MARS_PARTS) if parts == len(MARS_PARTS) else [str(part) for part in range(parts)]


def common(recordings: Sequence[Sequence[str]]) -> list[str]:
    """The parts that a dataset uses: the set of some recording that keeps most points over all that have it.

    Recordings with more parts are used without these; those with fewer cannot be used. In the order of the first
    recording that has just these.
    """
    sets = {frozenset(parts): parts for parts in reversed(recordings) if parts}
    counts = Counter(frozenset(parts) for parts in recordings)

    def kept(own: frozenset[str]) -> tuple[int, int]:
        return sum(counts[other] for other in counts if own <= other) * len(own), len(own)

    return list(sets[max(sets, key=kept)]) if sets else []


def chosen(
    found: Sequence[str] | None, count: int, used: Sequence[str], wanted: Sequence[str] | None
) -> tuple[list[str], list[int]]:
    """The parts of a recording that are used, and where each is in its file.

    found: their plain names, None for an array of `count` parts, which names none: they are called as `wanted` says,
    else as in MARS, else by numbers. Used are those wanted, else those the dataset has in common. Raises InputError
    where some are not there.
    """
    if found is None:
        names = list(wanted) if wanted is not None else unnamed(count)
        if len(names) != count:
            raise InputError(f"{count} body parts, but {len(names)} names in the preprocess parameter 'parts'")
        if wanted is None and len(used) != count:
            raise InputError(f"{count} body parts where the other sequences have {len(used)}")
        if wanted is None and list(used) != names:
            raise InputError(
                "its parts have no names, where those of other recordings do; give all names in the order of the array "
                "in the preprocess parameter 'parts'"
            )
        return names, list(range(count))
    names = list(used) if wanted is None else [plain(name) for name in wanted]
    return names, _places(found, names)


def _places(own: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where each wanted part is among a recording's own. Raises InputError that names those it lacks."""
    missing = [name for name in wanted if name not in own]
    if missing:
        raise InputError(
            f"has no {', '.join(missing)} among its parts ({', '.join(own)}); if they have other names, give these "
            f"in the download parameter 'rename_parts' ({{{own[0] if own else 'its name'}: {missing[0]}}}), else "
            "choose parts that all recordings have in the preprocess parameter 'parts'"
        )
    return [list(own).index(name) for name in wanted]
