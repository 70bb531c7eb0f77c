"""Detections and Dataset to Matches to Scores."""
