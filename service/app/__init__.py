"""The composition root: the one place that knows everybody and wires them."""
