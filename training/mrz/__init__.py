"""The net that reads one line of a machine readable zone: its data, its training, its measurement."""
