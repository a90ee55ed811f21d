"""What a stage is given of its plan. A change here makes every result anew, so nothing else belongs here."""

import hashlib
import json


def derived_seed(*parts: object) -> int:
    """A seed of 31 bits that depends on all parts and nothing else."""
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:4], "big") >> 1
