"""Readers for the tests of the door, importable in other processes."""

import errno
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np

from challengeflow import InputError


def odd(what: str) -> str:
    match what:
        case "raises":
            raise ValueError("bad\nfile " + "x" * 1000)
        case "told":
            raise InputError("it is no video; give one")
        case "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exits":
            os._exit(3)
        case "leaves":
            raise SystemExit(4)
        case "dies later":
            threading.Timer(0.05, os._exit, [1]).start()
        case "b":
            time.sleep(0.5)
        case "hangs":
            time.sleep(60)
        case "swells":
            return str(len(np.ones(4 << 30, np.uint8)))
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
    return f"read {what}"


def forever(target: str) -> None:
    Path(target).write_text(str(os.getpid()))
    time.sleep(60)
