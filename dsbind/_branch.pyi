# SPDX-License-Identifier: Apache-2.0
from dsbind.gst import Element

class Guard:
    closed: bool

    def __init__(self, queue: Element) -> None: ...

def is_sink(element: Element) -> bool: ...
def say_eos(element: Element) -> None: ...
