"""Read models in versions, each in tables of its own: built aside, compared, switched, dropped."""

from sourcery.read_models.building import Progress
from sourcery.read_models.choosing import serving_model
from sourcery.read_models.comparing import Comparison, Difference
from sourcery.read_models.model import ReadModel
from sourcery.read_models.standing import Rehearsal, Standing
from sourcery.read_models.tables import Tables

__all__ = [
    "Comparison",
    "Difference",
    "Progress",
    "ReadModel",
    "Rehearsal",
    "Standing",
    "Tables",
    "serving_model",
]
