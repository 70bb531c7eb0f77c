"""COCO's formats: instances, LVIS, panoptic, results."""
