# SPDX-License-Identifier: Apache-2.0
"""Where programs written for the DeepStream SDK look for its files, and where those are here."""

from __future__ import annotations

import os
import re

__all__ = ["SDK", "TREE_VARIABLE", "local", "tree_folder"]

#: Where the SDK installs itself.
SDK = "/opt/nvidia/deepstream/deepstream"
#: Environment: a tree of samples that stands in for the SDK where there is none.
TREE_VARIABLE = "DSBIND_SAMPLES"

# The SDK's folder also has its version in the name, to which the other one links.
_IN_SDK = re.compile(rf"(file://)?{SDK}(?:-\d+(?:\.\d+)*)?(?=/|$)(.*)", re.DOTALL)


def tree_folder() -> str:
    """The private tree of samples, whether it is there or not."""
    from dsbind.clips import cache_folder

    return os.path.join(cache_folder(), "deepstream")


def local(path: str) -> str:
    """A path, or a file:// URI, as it is on this machine.

    One inside the SDK leads to the tree of samples where the environment names one (`dsbind run`
    does), unless the SDK has that file. What is asked for is made when it is first asked for.
    """
    tree = os.environ.get(TREE_VARIABLE)
    if not tree:
        return path
    match = _IN_SDK.fullmatch(path)
    if match is None:
        return path
    scheme, rest = match[1] or "", match[2]
    if os.path.exists(path[len(scheme) :]):
        return path
    from dsbind.samples import provide

    provide(tree, rest)
    return f"{scheme}{tree}{rest}"


def hint(path: str) -> str:
    """What to do about a missing file of the SDK; empty for any other path."""
    tree = os.environ.get(TREE_VARIABLE)
    if tree and os.path.dirname(path) == f"{tree}/samples/streams":
        from dsbind.samples import STREAM_NAMES

        return f"the samples are {', '.join(STREAM_NAMES)}"
    if _IN_SDK.fullmatch(path) is None:
        return ""
    return (
        "`dsbind samples install` lays out sample files under the SDK's names, and "
        "`dsbind run PROGRAM.py` uses them without installing"
    )
