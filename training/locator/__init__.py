"""The net that finds the machine readable zone on a picture: its scenes, its training, its measurement."""
