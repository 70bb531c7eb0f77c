"""BDD100K bitmasks, all that other stages use of them: recognise, read, prepare, write."""

from __future__ import annotations

from segtrial.data.bdd100k.bitmask.prepare import prepare_bitmasks
from segtrial.data.bdd100k.bitmask.read import read_bitmasks, recognise_bitmasks
from segtrial.data.bdd100k.bitmask.write import write_bitmasks

__all__ = ["prepare_bitmasks", "read_bitmasks", "recognise_bitmasks", "write_bitmasks"]
