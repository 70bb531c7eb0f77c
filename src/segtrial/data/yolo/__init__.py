"""YOLO-seg folders."""
