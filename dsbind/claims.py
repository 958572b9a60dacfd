# SPDX-License-Identifier: Apache-2.0
"""Files that pipelines write, so that no two write the same one at once.

A claim is an advisory lock (flock) on the file itself. The system ends it with the process, so that
nothing is left behind that could stand in anybody's way.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterable

from dsbind.errors import OutputError

__all__ = ["Claim", "claim_all"]

# Who only looks whether a file can be made has it for a moment.
_ATTEMPTS = 4
_LOOK_AGAIN = 0.01


class Claim:
    """One file that is about to be written. It is there from now on, empty where it was missing.

    Raises
    ------
    BlockingIOError
        Somebody else writes it.
    OSError
        It cannot be written, or locked.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = -1
        for attempt in range(_ATTEMPTS):
            try:
                self._take()
            except BlockingIOError:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(_LOOK_AGAIN)
            else:
                if self._is_at(path):
                    break
                # Whoever had it before has taken it away.
                self.leave()
        else:
            raise BlockingIOError(f"{path} comes and goes")

    def _take(self) -> None:
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(self.path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            self._is_new = True
        except FileExistsError:
            # O_CREAT: it may be a link to a file that is not there.
            self._file = os.open(self.path, flags | os.O_CREAT, 0o666)
            self._is_new = False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.leave()
            raise

    def _is_at(self, path: str) -> bool:
        try:
            return self.is_of(os.stat(path))
        except OSError:
            return False

    def is_of(self, status: os.stat_result) -> bool:
        """Whether this is the file that `os.stat` told of."""
        return os.path.samestat(os.fstat(self._file), status)

    @property
    def is_gone(self) -> bool:
        """Whether somebody removed the file, so that all that was written to it is lost."""
        return os.fstat(self._file).st_nlink == 0

    def release(self, *, keep_empty: bool = True) -> None:
        """Let others write it. `keep_empty=False` removes one that was made here and is empty."""
        is_left = self._is_new and self._is_at(self.path) and not os.fstat(self._file).st_size
        if is_left and not keep_empty:
            os.unlink(self.path)
        # Not only closed: a process that was forked meanwhile may have it, too.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self.leave()

    def leave(self) -> None:
        """Forget it, without a word to another process that has the same claim by a fork."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        # Of a pipeline that was prepared and forgotten.
        self.leave()


def claim_all(paths: Iterable[str]) -> list[Claim]:
    """Claim files. One that cannot be written, or locked, is left to the element that writes it.

    Raises
    ------
    OutputError
        Somebody writes one of them already. None is claimed then.
    """
    claims: list[Claim] = []
    try:
        for path in paths:
            try:
                if not os.path.exists(path) or stat.S_ISREG(os.stat(path).st_mode):
                    claims.append(Claim(path))
            except BlockingIOError:
                raise OutputError(_taken(path, claims)) from None
            except OSError:
                continue
    except BaseException:
        for claim in claims:
            claim.release(keep_empty=False)
        raise
    return claims


def _taken(path: str, claims: list[Claim]) -> str:
    for claim in claims:
        try:
            if claim.is_of(os.stat(path)):
                return f"{path} is written twice by this pipeline; choose another name for one"
        except OSError:
            break
    return (
        f"{path} is being written by another pipeline, of this program or of another; wait for its "
        "end, or choose another name"
    )
