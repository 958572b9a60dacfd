from pyservicemaker import Flow, Pipeline

ROOT = "/opt/nvidia/deepstream/deepstream/samples"
VIDEO = f"{ROOT}/streams/sample_1080p_h264.mp4"
CONFIG = f"{ROOT}/configs/deepstream-app/config_infer_primary.yml"
Flow(Pipeline("infer")).batch_capture([VIDEO] * 4, width=1280, height=720).infer(CONFIG).render(
    sync=False
)()
