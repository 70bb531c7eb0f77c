"""Boxes, polygons and run lengths: pure functions."""
