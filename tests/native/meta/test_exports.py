"""What our metadata libraries export: all of the ABI table for video, and nothing unannounced."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TABLE = json.loads((ROOT / "native/abi/deepstream-9.1.json").read_text())
LIBRARIES = ("libnvds_meta.so", "libnvdsgst_meta.so", "libnvdsgst_helper.so", "libnvds_utils.so")

# Audio frames are not part of dsbind: the symbol is missing rather than a function that lies.
LEFT_OUT = {"nvds_copy_gst_meta_to_audio_frame_meta"}
# NVIDIA's libraries export these, too; no public header declares them.
UNDECLARED = {
    "libnvds_meta.so": {
        "release_classifier_meta",
        "release_display_meta",
        "release_frame_meta",
        "release_label_meta",
        "release_obj_meta",
    },
    "libnvdsgst_meta.so": {
        "nvds_copy_latency_meta",
        "nvds_get_current_system_timestamp",
        "nvds_get_enable_per_component_latency_measurement",
        "nvds_release_latency_meta",
        "nvds_set_latency_metadata_ptr",
    },
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("library", LIBRARIES)
def test_exports_are_those_of_the_table(library, native_build):
    listing = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--format=posix", native_build.lib / library],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    exported = {line.split()[0] for line in listing.splitlines()}
    # What a sanitizer or the linker adds is no function of ours.
    exported = {name for name in exported if not name.startswith("_")}
    declared = {
        name
        for header in TABLE["headers"].values()
        for name, function in header["functions"].items()
        if function["library"] == library
    }
    assert exported == (declared - LEFT_OUT) | UNDECLARED.get(library, set())
