from pyservicemaker import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, osd

ROOT = "/opt/nvidia/deepstream/deepstream"
VIDEO = f"{ROOT}/samples/streams/sample_1080p_h264.mp4"
CONFIG = f"{ROOT}/sources/apps/sample_apps/deepstream-test1/dstest1_pgie_config.yml"


class ObjectCounterMarker(BatchMetadataOperator):
    def handle_metadata(self, batch_meta):
        for frame_meta in batch_meta.frame_items:
            vehicles = persons = 0
            for object_meta in frame_meta.object_items:
                if object_meta.class_id == 0:
                    vehicles += 1
                elif object_meta.class_id == 2:
                    persons += 1
            text = f"Person={persons},Vehicle={vehicles}"
            print(f"Object Counter: Pad Idx={frame_meta.pad_index},{text}")
            display_meta = batch_meta.acquire_display_meta()
            display_text = osd.Text()
            display_text.display_text = text.encode("ascii")
            display_text.x_offset = 10
            display_text.y_offset = 12
            display_text.font.name = osd.FontFamily.Serif
            display_text.font.size = 12
            display_text.font.color = osd.Color(1.0, 1.0, 1.0, 1.0)
            display_text.set_bg_color = True
            display_text.bg_color = osd.Color(0.0, 0.0, 0.0, 1.0)
            display_meta.add_text(display_text)
            frame_meta.append(display_meta)


flow = Flow(Pipeline("attach")).batch_capture([VIDEO]).infer(CONFIG)
flow.attach(what=Probe("counter", ObjectCounterMarker())).render(RenderMode.DISCARD)()
