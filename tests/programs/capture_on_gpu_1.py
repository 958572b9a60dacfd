from pyservicemaker import Flow, Pipeline, RenderMode

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"
Flow(Pipeline("capture")).capture([VIDEO], gpu_id=1).batch(gpu_id=1).render(RenderMode.DISCARD)()
