# SPDX-License-Identifier: Apache-2.0
"""The .pyi files say what the compiled modules are."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import dsbind

FOLDER = Path(dsbind.__file__).parent
# Every compiled module that Python code imports has one; those for other Cython code only do not.
MODULES = sorted(path.stem for path in FOLDER.glob("*.pyi"))

# Where the stub rightly says less: classes that users do not make, what `enum` adds, and that a
# class is no base together with another compiled one, which typing cannot say before Python 3.15.
ALLOWED = r"""
dsbind\.(meta|surface|tensor)\.\w+\.__init__
dsbind\.tensor\.Tensor\.__buffer__
dsbind\.osd\.FontFamily\.__new__
dsbind\.(_\w+|gst)\.[A-Z]\w+
"""


def stub(module):
    return ast.parse((FOLDER / f"{module}.pyi").read_text(encoding="utf-8"))


def members(node):
    """Public names in the body of a module or a class."""
    names = set()
    for item in node.body:
        if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            names.add(item.name)
        elif isinstance(item, ast.AnnAssign):
            names.add(item.target.id)
        elif isinstance(item, ast.Assign):
            names.update(target.id for target in item.targets)
        elif isinstance(item, ast.ImportFrom):
            # "name as name" exports it.
            names.update(alias.name for alias in item.names if alias.asname == alias.name)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_the_stub_exists(module):
    real = importlib.import_module(f"dsbind.{module}")
    assert {name for name in members(stub(module)) if not hasattr(real, name)} == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_stub(module):
    real = importlib.import_module(f"dsbind.{module}")
    public = getattr(real, "__all__", None)
    if public is None:
        public = [
            name
            for name, value in vars(real).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == real.__name__
        ]
    assert set(public) - members(stub(module)) == set()


@pytest.mark.parametrize("module", MODULES)
def test_classes_have_the_members_of_the_stub(module):
    real = importlib.import_module(f"dsbind.{module}")
    for node in stub(module).body:
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
            continue
        kind = getattr(real, node.name)
        if issubclass(kind, (tuple, BaseException)):
            continue
        inherited = {name for base in kind.__mro__[1:] for name in vars(base)}
        actual = {name for name in vars(kind) if not name.startswith("_")} - inherited
        assert actual == members(node) - inherited, f"{module}.{node.name}"


def test_signatures_agree(tmp_path):
    pytest.importorskip("mypy")
    allowed = tmp_path / "allowed"
    allowed.write_text(ALLOWED)
    modules = [f"dsbind.{module}" for module in MODULES]
    command = [sys.executable, "-m", "mypy.stubtest", *modules, "--ignore-missing-stub"]
    result = subprocess.run(
        [*command, "--allowlist", str(allowed), "--ignore-unused-allowlist"],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert result.returncode == 0, result.stdout + result.stderr
