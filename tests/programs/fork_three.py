import sys

from pyservicemaker import Flow, Pipeline

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
flow = Flow(Pipeline("fork")).capture([VIDEO]).batch(batch_size=1, width=640, height=360).fork()
flow.encode(f"rtsp://localhost:{sys.argv[1]}")
flow.encode("sample.mp4")
flow.render(sync=True)
flow()
