import sys

from pyservicemaker import Buffer, BufferProvider, Flow, Pipeline, RenderMode


class MyBufferProvider(BufferProvider):
    def __init__(self, file_path, width, height):
        super().__init__()
        self._file = file_path
        self.format = "JPEG"
        self.width = width
        self.height = height
        self.framerate = 0
        self.device = "cpu"
        self.count = 0

    def generate(self, size):
        data = []
        if self.count < 1:
            with open(self._file, "rb") as f:
                data = f.read()
            data = [int(b) for b in data]
            self.count += 1
        return Buffer(data) if data else Buffer()


Flow(Pipeline("jpeg")).inject([MyBufferProvider(sys.argv[1], 1280, 720)]).decode().batch(
    batch_size=1, width=1280, height=720
).render(RenderMode.DISCARD, sync=False)()
