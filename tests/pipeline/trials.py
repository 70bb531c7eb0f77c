"""Trial files that run in seconds."""

from __future__ import annotations

ORACLE = """
question = "Is a known effect found?"
seeds    = [0, 1, 2]
resamples = 200

[data]
streets = { train = 60, val = 60, seed = 3, image_size = [96, 128], pictures = false }

[recipe]
model = "oracle"
hit_seed_sd = 0.02

[[arm]]
name = "base"

[[arm]]
name   = "car2person"
change = { swap = { host = "car", target = "person", ratio = 0.5 } }
"""

TINY = """
question = "Does a tiny network run through?"
seeds    = [0, 1]
resamples = 100

[data]
streets = { train = 8, val = 4, seed = 5, image_size = [64, 96] }
classes = ["car", "person", "building"]

[recipe]
model        = "mask_rcnn"
backbone     = "resnet_tiny"
fpn_channels = 8
image_size   = [64, 96]
anchors      = { sizes = [[8], [16], [32], [64], [128]] }
detect       = { score_threshold = 0.01 }
epochs       = 3
batch_size   = 4
optimizer    = { lr = 0.005, gradient_clip = 5.0 }

[recipe.rpn]
batch_per_image      = 16
pre_nms_top_n_train  = 50
post_nms_top_n_train = 20
pre_nms_top_n_test   = 50
post_nms_top_n_test  = 20

[recipe.roi]
batch_per_image    = 8
sampling_ratio     = 1
box_head_channels  = 16
mask_head_channels = [8]
mini_mask_px       = 14

[[arm]]
name = "base"

[[arm]]
name   = "car2person"
change = { swap = { host = "car", target = "person", ratio = 0.5 } }
"""
