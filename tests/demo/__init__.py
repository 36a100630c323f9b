"""The demo: its sample, and the whole of it."""
