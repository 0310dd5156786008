"""What was learnt: memories, their sources, the traces that changed them, what recall needs."""

from memories.models.memory import (
    MAX_VALUE,
    Category,
    Entity,
    EntityAlias,
    Memory,
    Observation,
    Source,
    Uncertainty,
)
from memories.models.recall import EmbeddingModel, QuerySession, RecallFeedback, Vector
from memories.models.record import ErasureReceipt, MemoryChange, Trace, TraceTurn

__all__ = [
    "MAX_VALUE",
    "Category",
    "EmbeddingModel",
    "Entity",
    "EntityAlias",
    "ErasureReceipt",
    "Memory",
    "MemoryChange",
    "Observation",
    "QuerySession",
    "RecallFeedback",
    "Source",
    "Trace",
    "TraceTurn",
    "Uncertainty",
    "Vector",
]
