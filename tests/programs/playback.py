from pyservicemaker import Flow, Pipeline

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
Flow(Pipeline("playback")).batch_capture([VIDEO]).render(sync=False)()
