"""Numbers as the page writes them: a duration that is too short to be measured is said to be short, none is 0."""


def number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def short(value: float | None) -> str:
    """In running text: two digits after the point, `0` as it is."""
    return "" if value is None else f"{value:.2f}" if abs(value) < 100 and value != round(value) else f"{value:g}"


def seconds(value: float | None, least: float = 0.001) -> str:
    """A duration in the unit that suits it; below `least` (1 or 0.001 s) only that it is shorter."""
    if value is None:
        return ""
    if value < least:
        return "under 1 s" if least == 1 else "under 1 ms"
    units = ((1, 1000, "ms"), (100, 1, "s"), (6000, 1 / 60, "min"), (float("inf"), 1 / 3600, "h"))
    return next(f"{value * factor:.3g} {unit}" for limit, factor, unit in units if value < limit)


def duration(value: float | None) -> str:
    """Of jobs: Snakemake looks at them once a second or so, so less is not measured."""
    return seconds(value, least=1)


def memory(mb: float | None) -> str:
    """Empty where a job was too short to be looked at."""
    if not mb:
        return ""
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"


def size(count: int) -> str:
    units = ((1, "bytes"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
    return next(f"{count / factor:.3g} {unit}" for factor, unit in reversed(units) if count >= factor or factor == 1)


def counted(count: int, what: str) -> str:
    """`1 sample`, `2 samples`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
