# SPDX-License-Identifier: Apache-2.0
"""Forks of a graph, and what happens to one branch without the others."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dsbind.errors import FlowError

if TYPE_CHECKING:
    from dsbind import gst
    from dsbind._branch import Guard
    from dsbind.graph import Graph

__all__ = ["Branch", "Branches"]

# Nobody knows when their first frame comes.
_LATE_SOURCES = {"nvmultiurisrcbin", "nvdsdynamicsrcbin"}


class Branch:
    """What follows one pad of a fork's tee: a queue and all that is linked behind it."""

    def __init__(self, fork: str, queue: str, guard: Guard) -> None:
        self.fork = fork
        self.queue = queue
        self.guard = guard
        #: Set aside: nothing of it runs any more.
        self.lost = False


class Branches:
    """The forks of a graph and their branches.

    All branches get every frame. A branch that is slow holds the others back once its queue is
    full: nothing is dropped, and memory stays bounded. Sinks do not wait for the first frame of
    each other, so that a branch that gets its first frame late, or none, holds nobody up.
    """

    def __init__(self, graph: Graph) -> None:
        # The graph goes with its last user, not when the garbage collector next comes by.
        self._graph: Graph = weakref.proxy(graph)
        #: By tee: properties of the queues of its branches.
        self.forks: dict[str, Mapping[str, object]] = {}
        #: Whether sinks start without waiting for their first frame.
        self.hurried = False
        self._branches: list[Branch] = []

    def name_next(self, fork: str) -> str:
        """The name for the queue of a fork's next branch."""
        count = sum(branch.fork == fork for branch in self._branches)
        return f"{fork}-queue-{count}"

    def copy(self) -> tuple[dict[str, Mapping[str, object]], list[Branch]]:
        """The forks and branches that there are, for `restore`."""
        return dict(self.forks), list(self._branches)

    def restore(self, forks: dict[str, Mapping[str, object]], branches: list[Branch]) -> None:
        """Forget the forks and branches that came after `copy`."""
        self.forks, self._branches = forks, branches

    def add(self, fork: str, queue: str) -> None:
        """Begin a branch: link its queue to the tee."""
        from dsbind._branch import Guard

        self._graph.link(fork, queue)
        guard = Guard(self._graph.elements[queue])
        self._branches.append(Branch(fork, queue, guard))

    def prepare(self) -> None:
        """Make ready for a run.

        Raises
        ------
        FlowError
            A fork has no branch.
        """
        for fork in self.forks:
            if not any(branch.fork == fork for branch in self._branches):
                raise FlowError(
                    f"{fork!r} has no branch: call render(), encode(), retrieve() or publish() on "
                    "the flow that fork() returned"
                )
        for branch in self._branches:
            branch.lost = branch.guard.closed = False
        self._finish_watched()
        self._let_sinks_start()

    def live(self, name: str) -> Branch | None:
        """The innermost branch that an element is in; None where it is in none that runs."""
        found = None
        size = 0
        for branch in self._branches:
            names = self.names(branch)
            if name in names and (found is None or len(names) < size):
                found, size = branch, len(names)
        return found

    def lose(self, branch: Branch) -> Branch | None:
        """Give up a branch, and what it was the last branch of.

        Returns
        -------
        Branch or None
            The outermost that is lost with it. None where no branch is left.
        """
        branch.lost = True
        if any(other.fork == branch.fork and not other.lost for other in self._branches):
            return branch
        outer = self.live(branch.fork)
        return None if outer is None else self.lose(outer)

    def names(self, branch: Branch) -> list[str]:
        """The elements of a branch, from its queue on."""
        names = [branch.queue]
        for name in names:
            for target, _ in self._graph.links.get(name, ()):
                if target not in names:
                    names.append(target)
        return names

    def elements(self, branch: Branch) -> Iterator[gst.Element]:
        """The elements of a branch, from its ends to its queue."""
        for name in reversed(self.names(branch)):
            yield self._graph.elements[name]

    def _finish_watched(self) -> None:
        """End branches that only probes were attached to."""
        for branch in self._branches:
            if branch.queue in self._graph.links or not self._is_watched(branch.queue):
                continue
            end = f"{branch.queue}-end"
            self._graph.add("fakesink", end).set("sync", False)
            self._graph.link(branch.queue, end)

    def _is_watched(self, name: str) -> bool:
        return any(target == name for target, _ in self._graph.attached)

    def _let_sinks_start(self) -> None:
        from dsbind._branch import is_sink

        elements = list(self._graph.elements.values())
        self.hurried = bool(self._branches) or any(e.factory in _LATE_SOURCES for e in elements)
        if not self.hurried:
            return
        for element in elements:
            if is_sink(element) and element.has("async") and element.get("async") is True:
                element.set("async", False)
