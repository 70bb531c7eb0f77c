"""Why detections and truths did not meet, and what AP each kind of error costs (after TIDE)."""

from segtrial.evaluation.errors.classify import error_types
from segtrial.evaluation.errors.kinds import ErrorCosts, ErrorKind, ErrorTypes
from segtrial.evaluation.errors.mend import error_costs, mended

__all__ = ["ErrorCosts", "ErrorKind", "ErrorTypes", "error_costs", "error_types", "mended"]
