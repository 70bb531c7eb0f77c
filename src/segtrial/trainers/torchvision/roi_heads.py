"""The second stage with truth masks kept small: the mask loss works in the truth box's frame."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss, maskrcnn_inference
from torchvision.ops import roi_align

Targets = list[dict[str, Tensor]]


class MiniMaskRoIHeads(RoIHeads):
    """torchvision's RoI heads; `targets[i]["masks"]` are mini-masks (M, side, side) in the frame
    of their truth box instead of masks of the whole picture.
    """

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: Targets | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Losses in training, detections in evaluation (boxes xyxy in network px)."""
        if self.training:
            assert targets is not None
            proposals, matched, labels, regression = self.select_training_samples(
                proposals, targets
            )
        pooled = self.box_roi_pool(features, proposals, image_shapes)
        class_logits, box_regression = self.box_predictor(self.box_head(pooled))
        if self.training:
            loss_class, loss_box = fastrcnn_loss(class_logits, box_regression, labels, regression)
            losses = {"loss_classifier": loss_class, "loss_box_reg": loss_box}
            if self.has_mask():
                losses["loss_mask"] = self._mask_loss(
                    features, proposals, image_shapes, labels, matched, targets or []
                )
            return [], losses
        boxes, scores, labels = self.postprocess_detections(
            class_logits, box_regression, proposals, image_shapes
        )
        results = [
            {"boxes": b, "labels": k, "scores": s}
            for b, k, s in zip(boxes, labels, scores, strict=True)
        ]
        if self.has_mask():
            logits = self._mask_logits(features, boxes, image_shapes)
            for result, masks in zip(results, maskrcnn_inference(logits, labels), strict=True):
                result["masks"] = masks
        return results, {}

    def _mask_logits(self, features: Any, boxes: list[Tensor], shapes: Any) -> Tensor:
        pooled = self.mask_roi_pool(features, boxes, shapes)
        return self.mask_predictor(self.mask_head(pooled))  # type: ignore[no-any-return]

    def _mask_loss(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        labels: list[Tensor],
        matched: list[Tensor],
        targets: Targets,
    ) -> Tensor:
        """Mean binary cross-entropy over the positive RoIs, on the channel of their class."""
        positive = [torch.where(label > 0)[0] for label in labels]
        boxes = [p[i] for p, i in zip(proposals, positive, strict=True)]
        truth_row = [m[i] for m, i in zip(matched, positive, strict=True)]
        logits = self._mask_logits(features, boxes, image_shapes)
        side = logits.shape[-1]
        wanted = torch.cat(
            [
                mini_mask_targets(target["masks"][row], target["boxes"][row], box, side)
                for target, row, box in zip(targets, truth_row, boxes, strict=True)
            ]
        )
        if wanted.numel() == 0:
            return logits.sum() * 0
        classes = torch.cat([label[i] for label, i in zip(labels, positive, strict=True)])
        rows = torch.arange(len(classes), device=classes.device)
        return functional.binary_cross_entropy_with_logits(logits[rows, classes], wanted)


def mini_mask_targets(mini: Tensor, truth_xyxy: Tensor, roi_xyxy: Tensor, side: int) -> Tensor:
    """What each RoI's mask should be: float (K, side, side) in [0, 1].

    `mini`: (K, m, m), the truth of each RoI in its truth box's frame; both boxes in network px.
    The RoI is moved into that frame and sampled there by roi_align (`aligned=True`).
    """
    grid = mini.shape[-1]
    size = (truth_xyxy[:, 2:] - truth_xyxy[:, :2]).clamp(min=1e-6)
    origin = truth_xyxy[:, :2].repeat(1, 2)
    rois = (roi_xyxy - origin) / size.repeat(1, 2) * grid
    rows = torch.arange(len(mini), device=mini.device, dtype=rois.dtype)[:, None]
    sampled = roi_align(
        mini[:, None].to(rois.dtype), torch.cat([rows, rois], dim=1), (side, side), aligned=True
    )
    return sampled[:, 0]  # type: ignore[no-any-return]
