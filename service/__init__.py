"""Anodewatch: what the product is. Nothing in here speaks a wire protocol; see ``connectors``."""
