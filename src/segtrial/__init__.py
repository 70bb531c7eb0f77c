"""segtrial: what did this change do to my segmentation model?

The public surface; each name is loaded when it is asked for, so that importing costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Comparison": "segtrial.types.comparison",
    "read_comparison": "segtrial.pipeline.comparison_record",
}

__all__ = ["Comparison", "__version__", "read_comparison"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
