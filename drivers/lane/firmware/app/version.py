"""Which firmware this is; a greater number replaces a smaller one, never the other way."""

VERSION = 1
