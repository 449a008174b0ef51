"""An OPC UA server that sends notifications made beforehand, as fast as they are asked for."""
