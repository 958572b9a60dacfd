from typing import TypedDict

__all__ = (
    "find_element",
    "library_dir",
    "libraries",
    "onnxruntime",
    "open",
    "origin",
    "origins",
    "plugin_dir",
)

class _Library(TypedDict):
    name: str
    origin: str
    path: str | None
    error: str | None

def open() -> None: ...
def origin() -> str | None: ...
def libraries() -> list[_Library]: ...
def origins() -> list[_Library]: ...
def library_dir() -> str: ...
def plugin_dir() -> str: ...
def find_element(name: str) -> str | None: ...
def onnxruntime() -> str | None: ...
