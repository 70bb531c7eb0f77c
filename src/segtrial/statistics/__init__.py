"""Scores to Comparison."""
