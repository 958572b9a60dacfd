# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

from setuptools import Extension, setup

import dsbind

environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
flags, libraries = (
    subprocess.check_output(["pkg-config", what, "dsbind"], env=environment, text=True).split()
    for what in ("--cflags", "--libs")
)
extension = Extension(
    "viewing",
    ["viewing.c"],
    extra_compile_args=["-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", *flags],
    extra_link_args=libraries,
)
setup(name="viewing", ext_modules=[extension])
