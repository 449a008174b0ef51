"""The life of an alarm after ISA-18.2: how it steps from state to state, purely."""
