"""Read the fields of a batch as one array, against a loop in C and a walk in pybind11."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result


def run(rounds: int) -> Result:
    import numpy

    from benchmarks.harness import Result, Row, alternate
    from benchmarks.meta_walk import walk
    from benchmarks.street import (
        FIELDS,
        WHAT,
        address_of,
        load_peer,
        make_batch,
        microseconds,
    )
    from dsbind import columns

    peer = load_peer()
    fields = list(FIELDS)
    with make_batch() as batch:
        address = address_of(batch)
        theirs = peer.batch(address)
        out = numpy.empty(2000, columns.object_dtype(fields))
        everything = batch.objects
        assert batch.objects_array(fields)["left"].sum() == everything["left"].sum()
        medians = alternate(
            max(rounds, 7),
            {
                "ours": lambda: {
                    "us": microseconds(lambda: batch.objects_array(fields), 2000),
                    "out": microseconds(lambda: batch.objects_array(fields, out=out), 2000),
                    "all": microseconds(lambda: batch.objects, 2000),
                },
                "peer": lambda: {"us": microseconds(lambda: walk(theirs), 50)},
                "floor": lambda: {"us": peer.time_read(address, 2000) * 1e6},
            },
        )
    mine, other, floor = medians["ours"], medians["peer"]["us"], medians["floor"]["us"]
    rows = [
        Row(f"{WHAT}, 8 fields", mine["us"], "us", other, floor, other / mine["us"], target=100),
        Row(
            f"{WHAT}, 8 fields: times the loop in C",
            mine["us"],
            "us",
            None,
            floor,
            mine["us"] / floor,
            target=1.5,
            at_least=False,
        ),
        Row(f"{WHAT}, 8 fields, out=", mine["out"], "us", None, floor, mine["out"] / floor),
        Row(f"{WHAT}, all 14 fields", mine["all"], "us", None, floor, mine["all"] / floor),
    ]
    return Result("meta_columns", rows)
