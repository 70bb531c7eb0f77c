"""What a data set holds, in numbers."""

from segtrial.data.summary.count import summarise

__all__ = ["summarise"]
