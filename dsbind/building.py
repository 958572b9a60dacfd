# SPDX-License-Identifier: Apache-2.0
"""Where the files lie that other projects build against dsbind with.

In a Makefile: `python -m dsbind.building --include`, `--cmake-dir` or `--pkgconfig-dir`.
"""

from __future__ import annotations

import argparse
import os
import sys

from dsbind.errors import MissingFileError

__all__ = ["get_cmake_dir", "get_include", "get_pkgconfig_dir"]


def get_include() -> str:
    """The folder of dsbind.h and of the NvDs headers, for a compiler's `-I`.

    Cython finds the .pxd files of an installed dsbind by itself: `cimport dsbind.meta`.
    """
    return _folder("include")


def get_cmake_dir() -> str:
    """The folder of the CMake package: pass it as `-Ddsbind_DIR=`, then `find_package(dsbind)`."""
    return _folder("cmake")


def get_pkgconfig_dir() -> str:
    """The folder of dsbind.pc: add it to the environment's `PKG_CONFIG_PATH`."""
    return _folder("pkgconfig")


def _folder(name: str) -> str:
    import dsbind

    # An editable install has two: the sources, and what was built of them.
    for package in dsbind.__path__:
        folder = os.path.join(os.path.abspath(package), "_native", name)
        if os.path.isdir(folder):
            return folder
    raise MissingFileError(
        f"dsbind was installed without its {name} folder: reinstall it, for example by "
        "pip install --force-reinstall dsbind"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print folders, one a line."""
    parser = argparse.ArgumentParser(prog="python -m dsbind.building", description=__doc__)
    folders = {
        "--include": get_include,
        "--cmake-dir": get_cmake_dir,
        "--pkgconfig-dir": get_pkgconfig_dir,
    }
    for option, folder in folders.items():
        parser.add_argument(
            option, action="append_const", const=folder, dest="wanted", help=folder.__doc__
        )
    wanted = parser.parse_args(arguments).wanted
    if not wanted:
        parser.error(f"name one of {', '.join(folders)}")
    for folder in wanted:
        print(folder())
    return 0


if __name__ == "__main__":
    sys.exit(main())
