"""The check of the headers against the ABI table holds, and fails when a number differs."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "native/abi"))

from tables import load  # noqa: E402

TABLE = json.loads((ROOT / "native/abi/deepstream-9.1.json").read_text())


def compile_check(table, folder, language, abi=901):
    table_path = folder / "table.json"
    table_path.write_text(json.dumps(table))
    sources = {"c": folder / "check.c", "c++": folder / "check.cpp"}
    generator = [sys.executable, HERE / "generate_abi_check.py", table_path, *sources.values()]
    subprocess.run(generator, check=True)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "gstreamer-1.0"], check=True, capture_output=True, text=True
    ).stdout.split()
    compiler, standard = ("cc", "-std=gnu11") if language == "c" else ("c++", "-std=gnu++17")
    if not shutil.which(compiler):
        pytest.fail(f"{compiler} is not installed: apt-get install build-essential")
    return subprocess.run(
        [
            compiler,
            standard,
            "-fsyntax-only",
            "-Wno-invalid-offsetof",
            f"-DDSBIND_ABI={abi}",
            f"-I{ROOT / 'native/include'}",
            *flags,
            sources[language],
        ],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("version", ["7.1", "8.0", "9.0", "9.1"])
def test_headers_match_the_table_of_each_version(version, language, tmp_path):
    table = load(ROOT / f"native/abi/deepstream-{version}.json")
    done = compile_check(table, tmp_path, language, version.replace(".", "0"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", ["7.1", "8.0"])
def test_versions_are_told_apart(version, tmp_path):
    table = load(ROOT / f"native/abi/deepstream-{version}.json")
    assert "size of NvDsObjectMeta" in compile_check(table, tmp_path, "c").stderr


def field_offset(headers):
    headers["nvdsmeta.h"]["structs"]["NvDsObjectMeta"]["fields"][7]["offset"] += 4
    return "offset of NvDsObjectMeta."


def field_size(headers):
    headers["nvbufsurface.h"]["structs"]["NvBufSurface"]["fields"][0]["size"] += 1
    return "size of NvBufSurface."


def struct_size(headers):
    headers["nvdsinfer.h"]["structs"]["NvDsInferLayerInfo"]["size"] += 8
    return "size of NvDsInferLayerInfo"


def struct_alignment(headers):
    headers["nvll_osd_struct.h"]["structs"]["NvOSD_RectParams"]["align"] = 16
    return "alignment of NvOSD_RectParams"


def union_member(headers):
    fields = headers["nvdsinfer.h"]["structs"]["NvDsInferLayerInfo"]["fields"]
    union = next(field for field in fields if "fields" in field)
    union["fields"][1]["offset"] += 4
    return "offset of NvDsInferLayerInfo.dims"


def enum_value(headers):
    headers["gst-nvevent.h"]["enums"]["GstNvEventType"]["GST_NVEVENT_STREAM_EOS"] += 1
    return "GST_NVEVENT_STREAM_EOS"


def define_value(headers):
    headers["nvdsmeta.h"]["defines"]["MAX_LABEL_SIZE"] = 64
    return "MAX_LABEL_SIZE"


def define_text(headers):
    headers["gstnvdsmeta.h"]["defines"]["NVDS_META_STRING"] = "other"
    return "NVDS_META_STRING"


def function_type(headers):
    function = headers["nvdsmeta.h"]["functions"]["nvds_create_batch_meta"]
    function["params"][0][0] = "gint64"
    return "type of nvds_create_batch_meta"


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize(
    "change",
    [
        field_offset,
        field_size,
        struct_size,
        struct_alignment,
        union_member,
        enum_value,
        define_value,
        define_text,
        function_type,
    ],
)
def test_one_wrong_number_fails(change, language, tmp_path):
    table = copy.deepcopy(TABLE)
    told = change(table["headers"])
    done = compile_check(table, tmp_path, language)
    assert done.returncode != 0
    assert told in done.stderr


def test_one_wrong_number_of_cxx_only_part_fails(tmp_path):
    table = copy.deepcopy(TABLE)
    structs = table["headers"]["nvdsinfer.h"]["cxx_only"]["structs"]
    structs["NvDsInferBatchDimsLayerInfo"]["size"] += 8
    done = compile_check(table, tmp_path, "c++")
    assert "size of NvDsInferBatchDimsLayerInfo" in done.stderr
    assert compile_check(table, tmp_path, "c").returncode == 0
