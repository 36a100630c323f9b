"""Programs that are measured, each in a process of its own; what they share is in `measured.py`."""
