"""What runs on the board itself before the kiosk: nothing here imports more than Python's own library."""
