"""Chips of invented travellers, whole: their files, the keys inside, and the authorities that signed them."""
