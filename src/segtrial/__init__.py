"""segtrial: what did this change do to my segmentation model?"""

__version__ = "0.1.0"
