"""What a person can mend: told in one sentence, without a traceback."""


class InputError(Exception):
    """A wrong config, file or argument. The message says what is wrong and where, what was expected, how to mend it."""


class ContractError(InputError):
    """What a plugin wrote breaks the contract. The core puts the plugin's name before the message."""
