"""The logger plugin of Snakemake that comes with challengeflow: `logger: challengeflow` in a profile.

Snakemake imports this at its every start, so all that shows anything is imported where a run is shown.
"""

import sys
import time
from logging import LogRecord
from typing import TYPE_CHECKING

from snakemake_interface_logger_plugins.base import LogHandlerBase

if TYPE_CHECKING:
    from challengeflow.terminal.listener import Listener


class LogHandler(LogHandlerBase):
    """A run in short. Who asks for other words (--dry-run, --quiet, --verbose) has Snakemake's own handler instead."""

    _listener: "Listener | None" = None

    def __post_init__(self) -> None:
        asked = self.common_settings
        if not (asked.dryrun or asked.quiet or asked.verbose or asked.debug_dag):
            from challengeflow.terminal.listener import Listener, display

            self._listener = Listener(display(sys.stderr, asked.nocolor), self.format, time.monotonic)

    def emit(self, record: LogRecord) -> None:
        """Never raises: a run goes on, whatever becomes of its display."""
        try:
            if self._listener is not None:
                self._listener.hear(record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.display.stop()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """Where it does not, Snakemake adds its own handler."""
        return self._listener is not None

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return False

    @property
    def has_formatter(self) -> bool:
        return False

    @property
    def needs_rulegraph(self) -> bool:
        return False
