"""What a person can mend: told in one sentence, without a traceback."""


class InputError(Exception):
    """A wrong config, file or argument. The message says what is wrong and where, what was expected, how to mend it."""


class ContractError(InputError):
    """What a plugin wrote breaks the contract; becomes a PluginError where the plugin's name is known."""


class PluginError(InputError):
    """A plugin broke the contract or died of a bug of its own. The message names plugin and hook."""
