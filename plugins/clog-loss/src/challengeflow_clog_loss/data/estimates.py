"""What videos cost before any of them is there, from their number of frames."""

from collections.abc import Iterable

BYTES_A_FRAME = 42_000  # of the real videos: 41 to 44 kB in nano, micro, full and test
PREPARED_BYTES_A_VIDEO = 330_000  # region cube, mask and figures: 66 x 68 pixels and 60 frames on average, with margin
MB_A_SECOND = 30  # assumed of the network to the bucket, all jobs together
MB_HASHED_A_SECOND = {"md5": 930, "sha256": 2170}  # on one core that has instructions for SHA-256
PREPARE_SECONDS_A_FRAME = 0.0043  # on one core: decoding takes 3.4 ms and the rest may take a quarter of that


def raw_bytes(frames: Iterable[int]) -> int:
    """Size of videos with so many frames each."""
    return BYTES_A_FRAME * sum(frames)


def hashing_seconds(raw: float, prepared: float) -> float:
    """CPU seconds of the checksums of so many bytes: MD5 and SHA-256 of a raw video while it comes, SHA-256 of the raw
    and of the prepared shard for their notes.
    """
    seconds = raw / MB_HASHED_A_SECOND["md5"] + (2 * raw + prepared) / MB_HASHED_A_SECOND["sha256"]
    return seconds / 1e6


def gigabytes(count: float) -> str:
    """Bytes as people read them: "3.8 GB"."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"
