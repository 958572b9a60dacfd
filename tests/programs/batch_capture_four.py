from pyservicemaker import Flow, Pipeline

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
Flow(Pipeline("batch")).batch_capture([VIDEO] * 4, width=1280, height=720).render(sync=False)()
