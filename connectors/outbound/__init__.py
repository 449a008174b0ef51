"""The one way out over HTTP: where messages may go, and how they get there."""
