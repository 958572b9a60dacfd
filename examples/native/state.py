"""What the probes share with Python: the same fields, in the same order, as `State` in probes.h."""

import numpy

TRACK = numpy.dtype([("id", "u8"), ("middle", "f4"), ("used", "i4")], align=True)
STATE = numpy.dtype(
    [
        ("line", "f4"),  # x in pixels of the frame
        ("min_area", "f4"),  # in square pixels
        ("batches", "i8"),
        ("objects", "i8"),
        ("crossings", "i8"),
        ("removed", "i8"),
        ("tracks", TRACK, 1024),  # a hash table: where each object was last
    ],
    align=True,
)
