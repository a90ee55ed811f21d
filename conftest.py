"""How the tests are shared out among processes, and what holds in all of them."""

import signal

from xdist.scheduler import LoadScopeScheduling


class ByRoom(LoadScopeScheduling):
    """All tests of a plugin go to one process, and so do those of a module elsewhere: what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "/".join(path.split("/")[:2]) if path.startswith("plugins/") else path


def pytest_configure():
    """Let Ctrl-C be Ctrl-C for what tests start: a shell ignores it in what it runs in the background, and so would
    they."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """What mostly waits, the jobs of a cluster, goes first, then the plugins, whose rooms are large."""
    items.sort(key=lambda item: (not item.nodeid.startswith("tests/slurm/"), not item.nodeid.startswith("plugins/")))


def pytest_xdist_make_scheduler(config, log):
    """Called by pytest-xdist, where it is used."""
    config.option.loadscopereorder = False  # it would start with the rooms of the most tests, not of the longest
    return ByRoom(config, log)
