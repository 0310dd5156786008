"""MemSync behind the interfaces of agent frameworks, each in an extra of its own."""
