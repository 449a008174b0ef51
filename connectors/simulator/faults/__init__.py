"""What can go wrong with the simulated plant, and what that does to it."""
