"""Randomness keyed by (seed, stage, record id), so that order and parallelism never matter."""

from __future__ import annotations

import hashlib

import numpy as np


def key_of(*parts: object) -> int:
    """A 128-bit integer that depends on every part; equal parts give an equal key.

    Parts are joined by their `repr`, so `1` and `"1"` differ.
    """
    text = "\x1f".join(repr(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def generator(*parts: object) -> np.random.Generator:
    """A generator of its own for (seed, stage, record id, …)."""
    return np.random.Generator(np.random.Philox(key=key_of(*parts)))


def uniform(*parts: object) -> float:
    """One number in [0, 1) for (seed, stage, record id, …): cheap, and free of order."""
    return (key_of(*parts) >> 75) / float(1 << 53)
