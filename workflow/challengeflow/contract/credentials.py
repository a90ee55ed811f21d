"""Credentials in text: recognised by the forms they have, so that none stays in a message, a log or a note."""

import os
import re

INSTEAD = "***"
SECRET_NAME = r"(?:token|secret|passw(?:or)?d|pwd|signature|sig|credentials?|api[_-]?key|access[_-]?key|auth)"
FORMS = (
    # The user information of a URL. After "host:" comes a port, not a password.
    r"(?<=://)[^\s/@:]*:(?!\d+/)[^\s@\"'<>]+(?=@)",
    r"(?:(?<=http://)|(?<=https://))[^\s/@?#\"'<>]+(?=@)",
    # An argument of a URL.
    rf"(?<=[?&;])[\w.-]*{SECRET_NAME}=[^&\s#'\"]+",
    # Tokens of GitHub, GitLab, Hugging Face, Slack, PyPI, Amazon, Google, OpenAI and the like; JSON web tokens.
    r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|xox[abeprs]-|pypi-|npm_|dop_v1_)\w[\w-]{18,}",
    r"\bsk-(?:proj-|ant-)?\w{32,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bAIza[\w-]{30,}",
    r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}",
    r"(?i:\bbearer )[\w.~+/-]{16,}",
)
CREDENTIAL = re.compile("|".join(FORMS), re.IGNORECASE)
OF_ENVIRONMENT = re.compile(r"(?:TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|API_?KEY|ACCESS_KEY)$", re.IGNORECASE)
SHORTEST = 12
"""Characters: what is shorter in a variable of the environment may be any word."""


def holds_credential(text: str) -> bool:
    """Whether a text has a credential in it: in a URL, or a token of a well-known form."""
    return CREDENTIAL.search(text) is not None


def redacted(text: str) -> str:
    """The text with `***` for every credential in it, and for what variables such as X_TOKEN hold."""
    for name, value in os.environ.items():
        if len(value) >= SHORTEST and OF_ENVIRONMENT.search(name) and value in text:
            text = text.replace(value, INSTEAD)
    return CREDENTIAL.sub(INSTEAD, text)
