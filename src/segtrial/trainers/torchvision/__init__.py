"""Two-stage detectors from torchvision's parts, with our own loader, mask targets and loop."""

from segtrial.trainers.torchvision.trainer import TorchvisionTrainer

__all__ = ["TorchvisionTrainer"]
