"""One room per thing outside: sources, history stores and notifiers behind the ports of the
runtime."""
