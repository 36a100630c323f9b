"""Profiles, memberships and affinities, from the user's data into relations that the plan reads."""

from audiencesync.source.reader import Source, SourceTotals

__all__ = ["Source", "SourceTotals"]
