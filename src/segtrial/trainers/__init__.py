"""Run and Dataset to Detections: the port and what stands behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segtrial.types.errors import TrialError
from segtrial.types.recipe import OracleRecipe, Recipe

if TYPE_CHECKING:
    from segtrial.trainers.port import Trainer


def trainer_for(recipe: Recipe) -> Trainer:
    """The trainer of a recipe's model kind; torch is imported only where it is needed.

    Raises TrialError where the extra is not installed.
    """
    if isinstance(recipe, OracleRecipe):
        from segtrial.trainers.oracle import OracleTrainer

        return OracleTrainer()
    try:
        from segtrial.trainers.torchvision import TorchvisionTrainer
    except ModuleNotFoundError as error:
        raise TrialError(
            "Training needs PyTorch, which is not installed.",
            where="recipe: model",
            got=f"no module {error.name}",
            next_step='pip install "segtrial[train]"',
        ) from error
    return TorchvisionTrainer()
