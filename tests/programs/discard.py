from pyservicemaker import Flow, Pipeline, RenderMode

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
Flow(Pipeline("discard")).batch_capture([VIDEO]).render(mode=RenderMode.DISCARD, sync=False)()
