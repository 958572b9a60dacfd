"""Publish what a model sees: a message for each object, and one of the program's own.

usage: publish.py VIDEO MODEL_CONFIG OUT.jsonl
       publish.py VIDEO MODEL_CONFIG HOST;PORT PROTOCOL TOPIC     (kafka, redis, mqtt or amqp)
"""

import sys

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.meta import BatchMetadata


class Crowd(BatchMetadataOperator):
    """Sends a message of its own for each frame in which there are many objects."""

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            count = len(frame.object_items)
            if count > 5:
                frame.publish({"frame": frame.frame_number, "objects": count})


def main() -> None:
    if len(sys.argv) not in (4, 6):
        sys.exit(__doc__)
    video, config, address, *broker = sys.argv[1:]
    flow = Flow(Pipeline("publish")).batch_capture([video]).infer(config)
    flow = flow.attach(Probe("crowd", Crowd()))
    flow = flow.attach("add_message_meta_probe", "events", properties={"frame-interval": 10})
    if broker:
        flow = flow.publish(
            msg_broker_proto_lib=f"libnvds_{broker[0]}_proto.so",
            msg_broker_conn_str=address,
            topic=broker[1],
        )
    else:
        flow = flow.publish(msg_broker_conn_str=address)
    flow()
    for name, counts in flow.pipeline.stats().items():
        print(f"{name}: {counts['acknowledged']} of {counts['messages']} messages arrived")


if __name__ == "__main__":
    main()
