"""Finding claims in messages: types, and the extractor that works by rules."""

from .rules import RuleExtractor
from .types import Claim, ClaimKind, Extractor, Message

__all__ = ["Claim", "ClaimKind", "Extractor", "Message", "RuleExtractor"]
