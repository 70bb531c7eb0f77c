"""What is wrong with labels, collected instead of raised."""

from segtrial.data.faults.find import find_faults

__all__ = ["find_faults"]
