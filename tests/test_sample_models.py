# SPDX-License-Identifier: Apache-2.0
"""The sample models have the inputs, outputs and classes that their configs and labels tell."""

from __future__ import annotations

import configparser
from pathlib import Path

import onnxruntime
import pytest

from dsbind import data


@pytest.mark.parametrize(
    ("config", "channels"),
    [(data.street_config, {"cov": 1, "bbox": 4}), (data.clothing_config, {"Softmax": 1})],
)
def test_a_model_is_what_its_config_says(config, channels: dict[str, int]) -> None:
    path: Path = config()
    parser = configparser.ConfigParser()
    parser.read(path, encoding="utf-8")
    settings = parser["property"]
    session = onnxruntime.InferenceSession(
        str(path.parent / settings["onnx-file"]), providers=["CPUExecutionProvider"]
    )
    (image,) = session.get_inputs()
    assert image.type == "tensor(float)" and not isinstance(image.shape[0], int)
    assert image.shape[1:] == [int(side) for side in settings["infer-dims"].split(";")]

    text = (path.parent / settings["labelfile-path"]).read_text(encoding="utf-8").strip()
    labels = text.split(";") if ";" in text else text.splitlines()
    assert settings.get("num-detected-classes", str(len(labels))) == str(len(labels))
    outputs = {output.name: output.shape for output in session.get_outputs()}
    assert set(outputs) == set(settings["output-blob-names"].split(";"))
    for part, each in channels.items():
        (shape,) = (shape for name, shape in outputs.items() if part in name)
        assert shape[1] == each * len(labels)
