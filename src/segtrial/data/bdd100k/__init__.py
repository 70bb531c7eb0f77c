"""BDD100K's formats: Scalabel JSON, bitmasks, predictions."""
