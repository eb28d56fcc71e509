"""Photographs and pairs in the layout of EBB!: reading, making, choosing and checking them."""
