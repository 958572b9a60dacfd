# SPDX-License-Identifier: Apache-2.0
"""Compile kernels.cu to kernels.ptx: `python native/device/compile.py`, where there is an nvcc.

The PTX is kept beside its source and embedded in the library; the driver makes machine code of it
for the GPU at hand. Its first line tells what it was made of.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("kernels.cu", "kernel_types.h")
# GPUs from Turing on, and drivers from the first that knew it: the kernels use nothing newer.
TARGET = "compute_75"
PTX_VERSION = "6.3"


def fingerprint() -> str:
    """Tell of which sources a PTX was made."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def main() -> None:
    command = ["nvcc", "-ptx", f"-arch={TARGET}", "-O3", "-o", "/dev/stdout", SOURCES[0]]
    text = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout
    # What the compiler tells of itself would change with every version of it.
    lines = [line for line in text.splitlines() if line and not line.startswith("//")]
    text = re.sub(r"^\.version .*$", f".version {PTX_VERSION}", "\n".join(lines), flags=re.M)
    (HERE / "kernels.ptx").write_text(f"// sources: {fingerprint()}\n{text}\n", encoding="ascii")


if __name__ == "__main__":
    main()
