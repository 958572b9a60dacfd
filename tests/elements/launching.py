# SPDX-License-Identifier: Apache-2.0
"""Runs gst-launch-1.0, which at times waits for ever after it has printed an error."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# Its last words before the wait: it lost the message that would have ended it.
_LAST_WORDS = "pipeline doesn't want to preroll"
_GRACE_S = 3.0


def run_launch(
    command: Sequence[str],
    environment: dict[str, str],
    *,
    cwd: Path | None = None,
    timeout: float = 30,
) -> subprocess.CompletedProcess[str]:
    """Run a command; one that printed its last words and still waits has failed with status 1."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:

        def said(file: tempfile._TemporaryFileWrapper[str]) -> str:
            file.seek(0)
            return file.read()

        process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=out, stderr=err)
        deadline = time.monotonic() + timeout
        failed = False
        while process.poll() is None:
            if not failed and _LAST_WORDS in Path(f"/proc/self/fd/{err.fileno()}").read_text():
                failed = True
                deadline = min(deadline, time.monotonic() + _GRACE_S)
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                if not failed:
                    raise subprocess.TimeoutExpired(command, timeout, said(out), said(err))
            time.sleep(0.02)
        status = 1 if failed else process.returncode
        return subprocess.CompletedProcess(command, status, said(out), said(err))


def system_plugins_without(name: str, folder: Path) -> dict[str, str]:
    """An environment in which the system's plugins are there, but for one such as "rtp"."""
    core = subprocess.run(
        ["gst-inspect-1.0", "capsfilter"], stdout=subprocess.PIPE, text=True, check=True
    )
    found = re.search(r"Filename +(\S+)", core.stdout)
    assert found, core.stdout
    plugins = folder / f"all but {name}"
    plugins.mkdir()
    for path in Path(found[1]).parent.glob("libgst*.so"):
        if path.name != f"libgst{name}.so":
            (plugins / path.name).symlink_to(path)
    return {
        "GST_PLUGIN_SYSTEM_PATH": str(plugins),
        "GST_REGISTRY": str(folder / f"all but {name}.bin"),
    }
