# SPDX-License-Identifier: Apache-2.0
"""What `gpu` measures, each part in a process of its own: ``python -m benchmarks.gpu_parts PART``.

A part prints one JSON object last.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsbind import BatchMetadataOperator

CONFIG = Path(__file__).resolve().parent.parent / "dsbind" / "data" / "street.txt"


def _counter() -> BatchMetadataOperator:
    """Count frames and note when the first one came."""
    from dsbind import BatchMetadataOperator
    from dsbind.meta import BatchMetadata

    class Count(BatchMetadataOperator):
        def __init__(self) -> None:
            super().__init__()
            self.frames = 0
            self.begin = self.end = 0.0

        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            self.end = time.perf_counter()
            self.begin = self.begin or self.end
            self.frames += batch_meta.n_frames

    return Count()


def _rate(count: Any) -> dict[str, float]:
    return {"frames": count.frames, "rate": count.frames / (count.end - count.begin)}


def decode(clip: str, streams: int) -> dict[str, float]:
    """Frames a second of all streams, from the first batch on."""
    from dsbind import Flow, Pipeline, Probe, RenderMode

    count = _counter()
    flow = Flow(Pipeline("decode")).batch_capture([clip] * streams)
    flow.attach(Probe("count", count)).render(RenderMode.DISCARD, sync=False)()
    return _rate(count)


def gst_launch(clip: str, streams: int) -> dict[str, float]:
    """Measure the same by gst-launch-1.0 with NVIDIA's decoder, and nothing of ours."""
    from dsbind import gst, runtime

    gst.init()
    plugin = Path(runtime.find_element("nvv4l2decoder") or "")
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    needed = {str(Path(path).parent) for path in re.findall(r"(/\S+lib(?:cudart|npp)\S+)", maps)}
    path = os.pathsep.join
    env = {
        **os.environ,
        "GST_PLUGIN_PATH": path([str(plugin.parent), os.environ.get("GST_PLUGIN_PATH", "")]),
        "LD_LIBRARY_PATH": path([os.environ.get("LD_LIBRARY_PATH", ""), *needed]),
        "LIBV4L2_PLUGIN_DIR": str(plugin.parent / "v4l_plugins"),
        # Not the one of this process: it knows other plugins.
        "GST_REGISTRY": f"/tmp/gst-launch-{os.getpid()}.bin",
    }
    one = f"filesrc location={clip} ! qtdemux ! h264parse ! nvv4l2decoder ! fakesink"
    done = subprocess.run(
        ["gst-launch-1.0", *" ".join([one] * streams).split()],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    Path(env["GST_REGISTRY"]).unlink(missing_ok=True)
    took = re.search(r"Execution ended after (\d+):(\d+):([\d.]+)", done.stdout)
    if took is None:
        raise RuntimeError(f"gst-launch-1.0 did not come to an end:\n{done.stdout}{done.stderr}")
    seconds = int(took[1]) * 3600 + int(took[2]) * 60 + float(took[3])
    return {"seconds": seconds}


def pynv(clip: str, streams: int) -> dict[str, float]:
    """Measure the same by PyNvVideoCodec, a thread for each stream."""
    import threading

    import PyNvVideoCodec as nvc

    counts = [0] * streams
    begins = [0.0] * streams

    def run(index: int) -> None:
        packets = nvc.CreateDemuxer(filename=clip)
        decoder = nvc.CreateDecoder(gpuid=0, codec=packets.GetNvCodecId(), usedevicememory=True)
        for packet in packets:
            for _ in decoder.Decode(packet):
                begins[index] = begins[index] or time.perf_counter()
                counts[index] += 1

    threads = [threading.Thread(target=run, args=(index,)) for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"frames": sum(counts), "rate": sum(counts) / (time.perf_counter() - min(begins))}


def to_torch(clip: str, streams: int) -> dict[str, float]:
    """Every frame as an RGB tensor of PyTorch, without a copy."""
    import torch

    from dsbind import Buffer, BufferRetriever, Flow, Pipeline

    class Take(BufferRetriever):
        def __init__(self) -> None:
            super().__init__()
            self.frames = 0
            self.begin = self.end = 0.0
            self.copies = 0

        def consume(self, buffer: Buffer) -> None:
            self.end = time.perf_counter()
            self.begin = self.begin or self.end
            for index in range(buffer.batch_size):
                tensor = buffer.extract(index)
                frame = torch.from_dlpack(tensor)
                address = tensor.__cuda_array_interface__["data"][0]
                self.copies += frame.data_ptr() != address or not frame.is_cuda
                self.frames += 1
                del frame, tensor

    torch.cuda.init()
    take = Take()
    Flow(Pipeline("torch")).batch_capture([clip] * streams).retrieve(take)()
    return {**_rate(take), "copies": take.copies}


def inject(frames: int) -> dict[str, float]:
    """Tensors of PyTorch into a flow: microseconds for each beyond a loop that does nothing."""
    import torch

    from dsbind import Buffer, BufferProvider, ColorFormat, Flow, Pipeline, RenderMode, as_tensor

    pictures = [torch.zeros(1080, 1920, 3, dtype=torch.uint8, device="cuda") for _ in range(8)]

    class Give(BufferProvider):
        width, height, format, framerate, device = 1920, 1080, "RGB", 0, "gpu"

        def __init__(self) -> None:
            super().__init__()
            self.count = 0
            self.begin = self.spent = 0.0
            self.copies = 0

        def generate(self, size: int) -> Buffer:
            self.begin = self.begin or time.perf_counter()
            if self.count >= frames:
                return Buffer()
            picture = pictures[self.count % len(pictures)]
            self.count += 1
            begin = time.perf_counter()
            tensor = as_tensor(picture, "HWC")
            buffer = tensor.wrap(ColorFormat.RGB)
            self.spent += time.perf_counter() - begin
            if self.count % 100 == 1:
                address = tensor.__cuda_array_interface__["data"][0]
                self.copies += address != picture.data_ptr()
            return buffer

    give = Give()
    Flow(Pipeline("inject")).inject([give]).batch(batch_size=1, width=1920, height=1080).render(
        RenderMode.DISCARD, sync=False
    )()
    total = time.perf_counter() - give.begin
    return {"wrap": give.spent / frames * 1e6, "frame": total / frames * 1e6, "copies": give.copies}


def detect(clip: str, streams: int, lanes: int = 2) -> dict[str, float]:
    """Frames a second with the sample detector in between."""
    from dsbind import Flow, Pipeline, Probe, RenderMode

    count = _counter()
    flow = Flow(Pipeline("detect")).batch_capture([clip] * streams)
    flow = flow.infer(str(CONFIG), batch_size=streams, parallel_batches=lanes).attach(
        Probe("count", count)
    )
    flow.render(RenderMode.DISCARD, sync=False)()
    return _rate(count)


def model(batch: int) -> dict[str, float]:
    """Images a second of ONNX Runtime alone at that batch, its input on the GPU."""
    import numpy
    import onnxruntime

    from dsbind import runtime

    runtime.open()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    provider = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})
    session = onnxruntime.InferenceSession(
        str(CONFIG.with_name("street.onnx")), options, providers=[provider]
    )
    if "CUDAExecutionProvider" not in session.get_providers():
        raise RuntimeError("ONNX Runtime has no CUDA here")
    entry = session.get_inputs()[0]
    shape = [batch, *entry.shape[1:]]
    image = numpy.zeros(shape, numpy.float32)
    binding = session.io_binding()
    binding.bind_ortvalue_input(
        entry.name, onnxruntime.OrtValue.ortvalue_from_numpy(image, "cuda", 0)
    )
    for output in session.get_outputs():
        binding.bind_output(output.name, "cpu")
    for _ in range(20):
        session.run_with_iobinding(binding)
    runs = max(20, 3000 // batch)
    begin = time.perf_counter()
    for _ in range(runs):
        session.run_with_iobinding(binding)
    return {"rate": runs * batch / (time.perf_counter() - begin)}


def frames(clip: str, width: int, height: int, numbers: str, out: str) -> dict[str, float]:
    """Write frames of those numbers, as RGB in host memory, to a file of NumPy."""
    import numpy

    from dsbind import Buffer, BufferRetriever, Flow, Pipeline

    wanted = {int(number) for number in numbers.split(",")}
    kept: dict[str, Any] = {}

    class Take(BufferRetriever):
        count = 0

        def consume(self, buffer: Buffer) -> None:
            if self.count in wanted:
                kept[str(self.count)] = buffer.extract(0).cpu().numpy().copy()
            self.count += 1

    flow = Flow(Pipeline("frames")).batch_capture([clip], width=width, height=height)
    flow.retrieve(Take())()
    numpy.savez(out, **kept)
    return {"frames": len(kept)}


def boxes(clip: str, out: str) -> dict[str, float]:
    """Write what the sample detector finds: frame, class, left, top, width, height."""
    from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
    from dsbind.meta import BatchMetadata

    found: list[list[float]] = []

    class Note(BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            for frame in batch_meta.frame_items:
                for item in frame.object_items:
                    box = item.rect_params
                    found.append(
                        [
                            frame.frame_number,
                            item.class_id,
                            box.left,
                            box.top,
                            box.width,
                            box.height,
                            item.confidence,
                        ]
                    )

    flow = Flow(Pipeline("boxes")).batch_capture([clip]).infer(str(CONFIG))
    flow.attach(Probe("note", Note())).render(RenderMode.DISCARD, sync=False)()
    Path(out).write_text(json.dumps(found), encoding="utf-8")
    return {"boxes": len(found)}


def soak(clip: str, streams: int, total: int) -> dict[str, float]:
    """Growth of the GPU's memory in MiB over `total` frames, after the first fifth."""
    from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
    from dsbind.meta import BatchMetadata

    used: list[float] = []

    def memory() -> float:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        return float(subprocess.run(query, capture_output=True, text=True, check=True).stdout)

    class Count(BatchMetadataOperator):
        frames = 0
        next = 0

        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            self.frames += batch_meta.n_frames
            if self.frames >= self.next:
                used.append(memory())
                self.next += total // 20

    count = Count()
    pipeline = Pipeline("soak")
    flow = Flow(pipeline).batch_capture([clip] * streams)
    flow.attach(Probe("count", count)).render(RenderMode.DISCARD, sync=False)
    begin = time.perf_counter()
    flow()
    steady = used[len(used) // 5 :]
    return {
        "frames": count.frames,
        "growth": steady[-1] - steady[0],
        "rate": count.frames / (time.perf_counter() - begin),
    }


def gpu() -> dict[str, Any]:
    """Tell which GPU this is, and where the libraries come from."""
    from dsbind import doctor

    found = doctor.report()
    return {
        "names": found["gpu"]["names"],
        "driver": found["gpu"]["driver"],
        "origin": found["origin"],
        "onnxruntime": found["onnxruntime"]["version"],
        "providers": found["onnxruntime"]["providers"],
        "gstreamer": found["gstreamer"]["version"],
    }


def main() -> None:
    # Each with arguments of its own, as texts or whole numbers.
    parts: dict[str, Callable[..., dict[str, Any]]] = {
        "decode": decode,
        "gst_launch": gst_launch,
        "pynv": pynv,
        "to_torch": to_torch,
        "inject": inject,
        "detect": detect,
        "model": model,
        "frames": frames,
        "boxes": boxes,
        "soak": soak,
        "gpu": gpu,
    }
    arguments = [int(text) if text.isdigit() else text for text in sys.argv[2:]]
    print(json.dumps(parts[sys.argv[1]](*arguments)))


if __name__ == "__main__":
    main()
