"""As deepstream-test2: a detector, a tracker and two classifiers."""

import sys
from collections import Counter

from pyservicemaker import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

ROOT = "/opt/nvidia/deepstream/deepstream"
TEST2 = f"{ROOT}/sources/apps/sample_apps/deepstream-test2"


class Counting(BatchMetadataOperator):
    def __init__(self):
        super().__init__()
        self.labels = Counter()
        self.per_object = Counter()

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            for item in frame.object_items:
                for classifier in item.classifier_items:
                    self.per_object[item.object_id, classifier.unique_component_id] += 1
                    for n in range(classifier.n_labels):
                        self.labels[classifier.get_n_label(n)] += 1


counting = Counting()
(
    Flow(Pipeline("test2"))
    .batch_capture([sys.argv[1]], width=1280, height=720)
    .infer(f"{TEST2}/dstest2_pgie_config.yml")
    .track(
        ll_config_file=f"{ROOT}/samples/configs/deepstream-app/config_tracker_NvSORT.yml",
        ll_lib_file=f"{ROOT}/lib/libnvds_nvmultiobjecttracker.so",
    )
    .infer(f"{TEST2}/dstest2_sgie1_config.yml")
    .infer(f"{TEST2}/dstest2_sgie2_config.txt")
    .attach(what=Probe("counter", counting))
    .render(RenderMode.DISCARD, sync=False)()
)
print(dict(counting.labels))
# Every tracked person has what both classifiers said.
print(sorted({component for _, component in counting.per_object}))
print(max(counting.per_object.values()))
