# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta
from dsbind._lease cimport Lease
from dsbind._shapes cimport Rect
from dsbind.osd cimport Text

# Draws boxes and texts on a frame; see `FrameMetadata.draw`.
cdef int draw_items(NvDsFrameMeta *frame, Lease lease, object boxes, object texts, Rect rect,
                    Text text) except -1
