from pyservicemaker import BufferRetriever, Flow, Pipeline

VIDEO = "/opt/nvidia/deepstream/deepstream/samples/streams/sample_1080p_h264.mp4"


class MyBufferRetriever(BufferRetriever):
    def __init__(self):
        super().__init__()
        self.count = 0

    def consume(self, buffer):
        tensor = buffer.extract(0)
        assert len(tensor.shape) == 3
        self.count += 1
        return 1


retriever = MyBufferRetriever()
Flow(Pipeline("retrieve")).capture([VIDEO]).retrieve(retriever)()
print("retrieved", retriever.count)
