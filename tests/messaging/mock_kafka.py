# SPDX-License-Identifier: Apache-2.0
"""librdkafka's mock cluster as a program: prints its port, then does what lines on stdin say.

``down`` and ``up``: the broker goes away, and comes back on its port with what it has stored.
``answer KIND CODE COUNT``: the next COUNT requests of a kind are answered by an error.
``slow MILLISECONDS``: so long takes each answer. ``topic NAME CODE``: a topic that has an error.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys


def main() -> None:
    kafka = ctypes.CDLL(ctypes.util.find_library("rdkafka"))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(kafka, name).restype = ctypes.c_void_p
    kafka.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    reason = ctypes.create_string_buffer(256)
    conf = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    client = ctypes.c_void_p(kafka.rd_kafka_new(0, conf, reason, ctypes.c_size_t(256)))
    cluster = ctypes.c_void_p(kafka.rd_kafka_mock_cluster_new(client, 1))
    address = kafka.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    print(address.rpartition(":")[2], flush=True)
    for line in sys.stdin:
        what, *values = line.split()
        numbers = [int(value) for value in values if value.lstrip("-").isdigit()]
        if what == "down":
            failed = kafka.rd_kafka_mock_broker_set_down(cluster, 1)
        elif what == "up":
            failed = kafka.rd_kafka_mock_broker_set_up(cluster, 1)
        elif what == "slow":
            failed = kafka.rd_kafka_mock_broker_set_rtt(cluster, 1, numbers[0])
        elif what == "topic":
            failed = kafka.rd_kafka_mock_topic_set_error(cluster, values[0].encode(), numbers[0])
        else:
            kind, code, count = numbers
            codes = (ctypes.c_int * count)(*[code] * count)
            failed = kafka.rd_kafka_mock_push_request_errors_array(
                cluster, ctypes.c_int16(kind), ctypes.c_size_t(count), codes
            )
        print("failed" if failed and what != "topic" else "done", flush=True)


if __name__ == "__main__":
    main()
