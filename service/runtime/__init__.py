"""The asynchronous core. It knows the domain and its own ports, and nothing of the outside."""
