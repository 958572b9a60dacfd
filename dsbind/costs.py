# SPDX-License-Identifier: Apache-2.0
"""What the callbacks of a probe cost, also after their pipelines are gone."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Protocol

from dsbind.attaching import Attachment

if TYPE_CHECKING:

    class Counting(Attachment, Protocol):
        """An attachment that counts its calls."""

        def cost(self) -> tuple[int, float]:
            """Calls, and the seconds they took."""
            ...


__all__ = ["Costs", "Counted"]


class Costs:
    """What all attachments of one probe have cost together, those included that are gone."""

    def __init__(self) -> None:
        # Weak: they hold their elements, and a probe may outlive its pipelines.
        self._there: weakref.WeakSet[Counted] = weakref.WeakSet()
        # Filled by finalizers, which may come at any point of this very code: so it takes no lock.
        self._gone: deque[tuple[_Account, int, float]] = deque()
        self._lock = threading.Lock()
        self._calls = 0
        self._seconds = 0.0

    def count(self, native: Counting) -> Counted:
        """An attachment, counted from now on."""
        counted = Counted(native, self._gone)
        self._there.add(counted)
        self.total()
        return counted

    def total(self) -> tuple[int, float]:
        """Calls, and the seconds they took."""
        with self._lock:
            there = list(self._there)
            while self._gone:
                account, calls, seconds = self._gone.popleft()
                account.settled = True
                self._calls += calls
                self._seconds += seconds
            costs = [
                (self._calls, self._seconds),
                *(counted.cost() for counted in there if not counted.account.settled),
            ]
        return sum(calls for calls, _ in costs), sum(seconds for _, seconds in costs)


class _Account:
    """Whether the cost of an attachment is among that of those that are gone.

    While its finalizer runs it can still be seen.
    """

    settled = False


class Counted:
    """An attachment that leaves behind what it has cost."""

    def __init__(self, native: Counting, gone: deque[tuple[_Account, int, float]]) -> None:
        self._native = native
        self._gone = gone
        self.account = _Account()

    @property
    def enabled(self) -> bool:
        """Whether callbacks run."""
        return self._native.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._native.enabled = on

    def is_current(self) -> bool:
        """Whether the calling thread is in one of its callbacks."""
        return self._native.is_current()

    def cost(self) -> tuple[int, float]:
        """Calls, and the seconds they took."""
        return self._native.cost()

    def __del__(self) -> None:
        self._gone.append((self.account, *self._native.cost()))
