"""The official zips from Synapse, by its own client (the plugin's extra `synapse`).

The client reads your token itself (SYNAPSE_AUTH_TOKEN, or ~/.synapseConfig) and compares each file with the MD5 that
Synapse states; an interrupted download goes on. No token ever passes through here.
"""

import os

from challengeflow import DownloadJob, InputError

PROJECT = "syn21343101"
PAGE = f"https://www.synapse.org/Synapse:{PROJECT}"
BY_HAND = "or fetch {0}_train.zip and {0}_toy.zip by hand into one folder and give that folder as the source of {0!r}"


def fetch(job: DownloadJob) -> None:
    """Fetch the zip of `job.archive` (`train` or `toy`) into `job.output`; InputError says what is missing for it."""
    name = f"{job.dataset}_{job.archive}.zip"
    try:
        from synapseclient.core.exceptions import SynapseError
    except ImportError:
        raise InputError(
            "the official MOOD data come from Synapse, and its client is not installed: pip install "
            f"'challengeflow-mood[synapse]'; {BY_HAND.format(job.dataset)}"
        ) from None
    try:
        found = _download(name, job)
    except SynapseError as error:
        raise InputError(
            f"Synapse did not give {name} ({type(error).__name__}: {str(error).splitlines()[0]}); join the challenge "
            f"at {PAGE}, "
            f"accept its conditions, and put a token with the scopes view and download into SYNAPSE_AUTH_TOKEN; "
            f"{BY_HAND.format(job.dataset)}"
        ) from error
    os.replace(found, job.output / name)


def _download(name: str, job: DownloadJob) -> str:
    """Path of the file with this name, fetched into `job.work`."""
    import synapseclient
    from synapseclient.models import File, Project

    client = synapseclient.Synapse(silent=True, skip_checks=True)
    client.login(silent=True)
    folders = Project(id=PROJECT).walk(include_types=["file"], synapse_client=client)
    found = [entry for _, _, files in folders for entry in files if entry.name == name]
    if len(found) != 1:
        raise InputError(
            f"the project {PAGE} has {len(found) or 'no'} files {name} that you may see, and one is expected; look "
            "there, "
            f"{BY_HAND.format(job.dataset)}"
        )
    job.progress.message(f"{name} is {found[0].id}")
    job.work.mkdir(parents=True, exist_ok=True)
    file = File(id=found[0].id, path=str(job.work), if_collision="overwrite.local")
    return file.get(synapse_client=client).path
