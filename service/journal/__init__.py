"""The durable log between the sources and everything else, and the tag registry beside it."""
