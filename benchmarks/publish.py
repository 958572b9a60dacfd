"""Publish 20 objects a frame: against a Python probe with json and the broker's Python client."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result
    from dsbind import Pipeline

FRAMES = 3000
OBJECTS = 20
SOURCE = Path(__file__).resolve().parent / "peers" / "waits.c"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def watch(pipeline: Pipeline, name: str, child: str) -> Callable[[], list[float]]:
    """Time each buffer that a sink takes; what is returned gives the microseconds."""
    import dsbind
    from benchmarks.harness import CACHE

    CACHE.mkdir(parents=True, exist_ok=True)
    library = CACHE / "waits.so"
    if not library.exists() or library.stat().st_mtime < SOURCE.stat().st_mtime:
        environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
        flags = subprocess.check_output(
            ["pkg-config", "--cflags", "--libs", "dsbind"], env=environment, text=True
        ).split()
        command = ["cc", "-O3", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        subprocess.run([*command, f"-I{sysconfig.get_path('include')}", *flags], check=True)
    timer = ctypes.PyDLL(str(library))
    timer.watch.argtypes = [ctypes.py_object, ctypes.c_char_p, ctypes.c_char_p]
    if not timer.watch(pipeline, name.encode(), child.encode()):
        raise RuntimeError(f"{name} has no {child or 'sink pad'}")

    def taken() -> list[float]:
        times = (ctypes.c_double * FRAMES)()
        timer.taken.argtypes = [ctypes.c_void_p, ctypes.c_long]
        timer.taken.restype = ctypes.c_long
        return list(times[: timer.taken(times, FRAMES)])

    return taken


def client_of(protocol: str, address: str) -> tuple[Callable[[bytes], object], Callable[[], Any]]:
    """What sends a message by the plain Python client, and what waits for all."""
    if protocol == "redis":
        import redis

        pipe = redis.Redis(host="127.0.0.1", port=int(address)).pipeline(transaction=False)

        def send(text: bytes) -> None:
            pipe.xadd("cars", {"metadata": text}, maxlen=10000)
            if len(pipe) >= 100:
                pipe.execute()

        return send, pipe.execute
    if protocol == "file":
        file = open(address, "wb", buffering=0)  # noqa: SIM115
        return lambda text: file.write(text + b"\n"), file.close
    if protocol == "kafka":
        import confluent_kafka

        # As the adapter sends: each is stored, and none twice.
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": f"127.0.0.1:{address}",
                "enable.idempotence": True,
                "linger.ms": 2,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

        def produce(text: bytes) -> None:
            producer.produce("cars", text, key="0")
            producer.poll(0)

        return produce, producer.flush
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", int(address))
    client.loop_start()
    sent: list[Any] = []

    def finish() -> None:
        for info in sent:
            info.wait_for_publish(30)
        client.loop_stop()

    return lambda text: sent.append(client.publish("cars", text, qos=1)), finish


def measure(kind: str, protocol: str, address: str) -> dict[str, float]:
    """Seconds that publishing adds to a flow; `kind` is ours, python or nothing."""
    from datetime import datetime, timezone
    from uuid import uuid4

    import dsbind
    from dsbind import Flow, Pipeline, Probe, RenderMode
    from dsbind.meta import BatchMetadata

    zero = {"lat": 0, "lon": 0, "alt": 0}
    point = {"x": 0, "y": 0, "z": 0}
    part = {"id": "", "name": "", "level": "", "coordinate": point}

    class Cars(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            for frame in batch_meta.frame_items:
                for number in range(OBJECTS):
                    item = batch_meta.acquire_object_meta()
                    item.label, item.object_id, item.confidence = "car", number, 0.5
                    frame.append(item)

    class Send(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            for frame in batch_meta.frame_items:
                for item in frame.object_items:
                    send(json.dumps(self.message(item)).encode())

        def message(self, item: Any) -> dict[str, Any]:
            box = item.rect_params
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            return {
                "messageid": str(uuid4()), "mdsversion": "1.0", "@timestamp": now,
                "place": {"id": "0", "name": "", "type": "", "location": zero, "entrance": part},
                "sensor": {"id": "0", "type": "", "description": "", "location": zero,
                           "coordinate": point},
                "analyticsModule": {"id": "0", "description": "", "source": "", "version": ""},
                "object": {"id": str(item.object_id), "speed": 0, "direction": 0, "orientation": 0,
                           item.label: {"confidence": item.confidence},
                           "bbox": {"topleftx": box.left, "toplefty": box.top,
                                    "bottomrightx": box.left + box.width,
                                    "bottomrighty": box.top + box.height},
                           "location": zero, "coordinate": point},
                "event": {"id": str(uuid4()), "type": "entry"}, "videoPath": "",
            }  # fmt: skip

    pipeline = Pipeline("publish")
    pipeline.add("videotestsrc", "src", {"num-buffers": FRAMES})
    pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,width=64,height=64,format=I420"})
    pipeline.add("nvvideoconvert", "conv")
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 64})
    pipeline.link("src", "caps", "conv").link(("conv", "mux"), ("", "sink_%u"))
    flow = Flow(pipeline, ["mux"]).attach(Probe("cars", Cars()))
    finish: Callable[[], Any] = lambda: None  # noqa: E731
    if kind in ("ours", "hung"):
        flow = flow.attach("add_message_meta_probe", "messages")
        options: dict[str, Any] = {
            "msg_broker_proto_lib": f"libnvds_{protocol}_proto.so",
            "topic": "cars",
        }
        if kind == "hung":
            options |= {"queue_policy": "drop_oldest", "queue_size": 100, "flush_timeout": 0}
        where = address if protocol == "file" else f"127.0.0.1;{address}"
        flow = flow.publish(msg_broker_conn_str=where, **options)
    else:
        if kind == "python":
            send, finish = client_of(protocol, address)
            flow = flow.attach(Probe("send", Send()))
        flow = flow.render(RenderMode.DISCARD, sync=False)
    publishes = [*pipeline.stats()]
    times = watch(
        pipeline, *((publishes[0], "nvmsgbroker") if publishes else ("render-sink-0", ""))
    )
    begun = time.perf_counter()
    flow()
    finish()
    seconds = time.perf_counter() - begun
    if kind == "ours":
        (counts,) = pipeline.stats().values()
        if counts["acknowledged"] != FRAMES * OBJECTS:
            raise RuntimeError(f"messages are missing: {counts}")
    waits = sorted(times())
    return {
        "seconds": seconds,
        **{f"p{part}": waits[len(waits) * part // 100] for part in (50, 90, 99)},
    }


def server_of(protocol: str, folder: str) -> tuple[subprocess.Popen[bytes] | None, str]:
    """A broker, and where it is."""
    if protocol == "file":
        return None, os.path.join(folder, "events.jsonl")
    if protocol == "kafka":
        mock = Path(__file__).resolve().parent.parent / "tests" / "messaging" / "mock_kafka.py"
        cluster = subprocess.Popen(
            [sys.executable, str(mock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert cluster.stdout
        return cluster, cluster.stdout.readline().decode().strip()
    port = free_port()
    if protocol == "redis":
        program = shutil.which("redis-server") or "redis-server"
        words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    else:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        config = os.path.join(folder, "mosquitto.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        words = [program, "-c", config]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    return server, str(port)


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate, child

    result = Result("publish")
    for protocol in ("file", "redis", "mqtt", "kafka"):
        with tempfile.TemporaryDirectory() as folder:
            server, address = server_of(protocol, folder)

            def one(
                kind: str,
                protocol: str = protocol,
                address: str = address,
                server: subprocess.Popen[bytes] | None = server,
            ) -> dict[str, float]:
                if kind == "hung" and server:
                    server.send_signal(signal.SIGSTOP)
                try:
                    return child("benchmarks.publish", kind, protocol, address)
                finally:
                    if server:
                        server.send_signal(signal.SIGCONT)

            kinds = (*_KINDS, "hung") if protocol == "redis" else _KINDS
            try:
                found = alternate(
                    rounds,
                    {kind: (lambda kind=kind: one(kind)) for kind in kinds},  # type: ignore[misc]
                )
            finally:
                if server:
                    server.kill()
                    server.wait()
        floor = found["nothing"]["seconds"]
        ours, peer = (
            FRAMES * OBJECTS / max(found[kind]["seconds"] - floor, 1e-3)
            for kind in ("ours", "python")
        )
        result.rows.append(
            Row(
                f"{protocol}: messages made and sent",
                ours,
                "messages/s",
                peer=peer,
                ratio=ours / peer,
                target=5.0,
            )
        )
        if "hung" in found:
            # Around the element that hands messages over, against a sink that does nothing.
            for part in ("p50", "p90", "p99"):
                ours, floor = found["hung"][part], found["nothing"][part]
                result.rows.append(
                    Row(
                        f"a broker that hangs: {part} of a frame on the streaming thread",
                        ours,
                        "us",
                        floor=floor,
                        ratio=(ours - floor) / 100 if part == "p99" else None,
                        target=1.0 if part == "p99" else None,
                        at_least=False,
                    )
                )
    return result


_KINDS = ("nothing", "ours", "python")

if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
