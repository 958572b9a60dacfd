# SPDX-License-Identifier: Apache-2.0
import subprocess

from Cython.Build import cythonize
from setuptools import Extension, setup

import dsbind

flags = subprocess.check_output(["pkg-config", "--cflags", "gstreamer-1.0"], text=True).split()
extension = Extension(
    "counting",
    ["counting.pyx"],
    include_dirs=[dsbind.get_include()],
    extra_compile_args=flags,
)
setup(name="counting", ext_modules=cythonize([extension], language_level=3))
