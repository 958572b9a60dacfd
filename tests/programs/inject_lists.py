from pyservicemaker import Buffer, BufferProvider, Flow, Pipeline, RenderMode


class MyBufferProvider(BufferProvider):
    def __init__(self, width, height):
        super().__init__()
        self.width = width
        self.height = height
        self.format = "RGB"
        self.framerate = 30
        self.device = "cpu"
        self.count = 0
        self.expected = 255

    def generate(self, size):
        data = [self.count] * (self.width * self.height * 3)
        if self.count < self.expected:
            self.count += 1
        else:
            return Buffer()
        return Buffer(data)


p = MyBufferProvider(320, 240)
Flow(Pipeline("inject")).inject([p]).batch(batch_size=1).render(RenderMode.DISCARD, sync=False)()
print("generated", p.count)
