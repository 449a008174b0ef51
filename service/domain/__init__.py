"""The plant in pure functions and values: the standard library and numpy, no clock and no I/O."""
