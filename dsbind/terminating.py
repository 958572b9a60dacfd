# SPDX-License-Identifier: Apache-2.0
"""Files are complete when their process is terminated, too: `Process.terminate()`, `kill`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["delayed"]


@contextmanager
def delayed(finish: Callable[[], None], needed: bool) -> Iterator[None]:
    """Let SIGTERM end the process only after `finish`; a second one ends it at once.

    Parameters
    ----------
    finish
        Called on a thread of its own, in bounded time.
    needed
        Whether there is anything to finish.

    Notes
    -----
    A program with a handler of its own keeps it, and only the main thread can have one at all.
    """
    if (
        not needed
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    ending: list[threading.Thread] = []

    def end() -> None:
        finish()
        os.kill(os.getpid(), signal.SIGTERM)

    def handle(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Not here: what the handler cut short may hold the locks that are needed.
        ending.append(threading.Thread(target=end, daemon=True))
        ending[0].start()

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        for thread in ending:
            # The process ends in it.
            thread.join()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
