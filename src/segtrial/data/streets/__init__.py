"""Streets, the embedded data set: seeded pictures of small road scenes with exact masks.

Written as BDD100K's polygon JSON with PNG pictures, so the ordinary reader reads it.
"""

from segtrial.data.streets.write import write_streets

__all__ = ["write_streets"]
