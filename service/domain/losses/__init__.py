"""Loss accounting: where planned tonnes went, found in minutes and given a reason."""
