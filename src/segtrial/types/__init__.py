"""Frozen records and the error tree; numpy and msgspec only."""
