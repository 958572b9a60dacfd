# SPDX-License-Identifier: Apache-2.0
from typing import final

from dsbind.gst import Element

@final
class TileMouse:
    def __init__(self, tiler: Element) -> None: ...
    def close(self) -> None: ...
