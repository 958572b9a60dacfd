from pyservicemaker import Flow, Pipeline

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
Flow(Pipeline("encode")).batch_capture([VIDEO], width=640, height=360).encode(
    "output.mp4", sync=True
)()
