"""Why a script failed inside the sandbox, in one sentence."""

import re

from challengeflow_mood.docker.sandbox import Finished

CAUSES = {
    r"read-only file system|Errno 30|No usable temporary directory": "it writes outside the output folder, where "
    "nothing can be written; set TMPDIR and the like to the output folder",
    r"name resolution|Name or service not known|getaddrinfo|Network is unreachable|could not resolve|urlopen error|"
    r"Errno 101|nodename nor servname": "it needs the network, and there is none; bring everything along in the image",
    r"No module named|ImportError|cannot open shared object": "it needs a library that the package does not bring",
    r"Permission denied": "it may not read or write a file as an arbitrary user; chmod a+rX what the image brings",
    r"Killed|MemoryError|Cannot allocate memory": "it needs more memory than there is",
    r"not found|No such file or directory": "it needs a program or file that is not there",
}


def failure_reason(what: str, done: Finished, limit: float, cases: int) -> str:
    """A sentence about a run that failed or took too long, with its last words; empty for one that ended well in
    time.
    """
    if done.stopped:
        return f"{what} was stopped after {limit * cases:g} s; expected at most {limit:g} s a case and {cases} cases"
    if done.status == 0:
        return ""
    lines = done.errors.strip().splitlines() or ["no message"]
    causes = (cause for pattern, cause in CAUSES.items() if re.search(pattern, done.errors, re.IGNORECASE))
    cause = next(causes, "run it by hand to see more")
    return f"{what} ended with status {done.status}: {cause} (last words: {lines[-1][:200]})"
