# SPDX-License-Identifier: Apache-2.0
"""Something that one thread has another do."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Errand"]


class Errand:
    """Work, and how it went.

    Parameters
    ----------
    work
        What to do.
    is_ready
        Whether it can be done now; by default always.

    Attributes
    ----------
    done : threading.Event
        Set when the work was done or has failed.
    error : BaseException or None
        What it failed of.
    on_error : callable or None
        Gets the error where nobody waits for the work.
    """

    def __init__(
        self, work: Callable[[], None], is_ready: Callable[[], bool] = lambda: True
    ) -> None:
        self._work = work
        self.is_ready = is_ready
        self.done = threading.Event()
        self.error: BaseException | None = None
        self.on_error: Callable[[BaseException], None] | None = None

    def run(self) -> None:
        """Do the work, on the thread that calls this."""
        try:
            self._work()
        except BaseException as error:
            self.error = error
            if self.on_error is not None:
                self.on_error(error)
        finally:
            self.done.set()
