from pyservicemaker import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

ROOT = "/opt/nvidia/deepstream/deepstream"
CONFIGS = f"{ROOT}/samples/configs/deepstream-app"


class Counter(BatchMetadataOperator):
    def __init__(self):
        super().__init__()
        self.ids = set()
        self.labels = 0

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            for item in frame.object_items:
                self.ids.add(item.object_id)
                for classifier in item.classifier_items:
                    self.labels += classifier.n_labels


counter = Counter()
flow = Flow(Pipeline("test2")).batch_capture(
    [f"{ROOT}/samples/streams/sample_720p.h264"], width=1280, height=720
)
flow = flow.infer(f"{CONFIGS}/config_infer_primary.yml")
flow = flow.track(
    ll_config_file=f"{CONFIGS}/config_tracker_NvDCF_perf.yml",
    ll_lib_file=f"{ROOT}/lib/libnvds_nvmultiobjecttracker.so",
    tracker_width=640,
    tracker_height=384,
)
flow = flow.infer(f"{CONFIGS}/config_infer_secondary_vehicletypes.yml", unique_id=2)
flow = flow.infer(f"{CONFIGS}/config_infer_secondary_vehiclemake.yml", unique_id=3)
flow.attach(Probe("counter", counter)).render(RenderMode.DISCARD)()
print(f"{len(counter.ids)} objects, up to {max(counter.ids)}, {counter.labels} labels")
