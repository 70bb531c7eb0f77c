"""Run and Dataset to Detections: the port and what stands behind it."""
