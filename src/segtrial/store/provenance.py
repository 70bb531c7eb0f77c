"""What made a record: versions of segtrial, Python and the libraries that compute."""

from __future__ import annotations

import platform
from importlib.metadata import version

import segtrial


def versions() -> dict[str, str]:
    """Name → version. A part of every run's id: runs of other versions are not mixed."""
    libraries = {name: version(name) for name in ("numpy", "scipy", "numba", "hotcoco", "pillow")}
    return {"segtrial": segtrial.__version__, "python": platform.python_version()} | libraries
