"""A plant on the desk: process model, faults and truth, as an OPC UA server and as a source."""
