"""What a person can mend: told in one sentence, without a traceback."""

import errno

from challengeflow.contract.credentials import redacted

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class InputError(Exception):
    """A wrong config, file or argument. The message says what is wrong and where, what was expected, how to mend it.

    Credentials in it are left out.
    """

    def __init__(self, message: str):
        super().__init__(redacted(message))


class ContractError(InputError):
    """What a plugin wrote breaks the contract; becomes a PluginError where the plugin's name is known."""


class PluginError(InputError):
    """A plugin broke the contract or died of a bug of its own. The message names plugin and hook."""


def explained(error: OSError) -> str:
    """What the system would not do, in one sentence."""
    file = f" {error.filename!r}" if error.filename is not None else ""
    if error.errno in DISK_FULL:
        lost = f", so that{file} cannot be written" if file else ""
        return f"the disk is full{lost}; make room, then run again to go on"
    return redacted(f"the system refuses{file}: {error.strerror or error}; mend that, then run again")
