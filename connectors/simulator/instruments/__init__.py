"""What the plant's instruments would show: computed from the mass model only when asked for."""
