"""The plant's mass: pure, seeded and deterministic, without a clock and without I/O."""
