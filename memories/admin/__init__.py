"""Staff: transcripts, memories with their history, uncertainties, traces, and agents' runs."""

from memories.admin import agents, checkpoints, conversations, memories, traces, uncertainties

__all__ = ["agents", "checkpoints", "conversations", "memories", "traces", "uncertainties"]
