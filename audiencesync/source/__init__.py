"""Profiles, memberships and affinities, from the user's data into relations that the plan reads."""

from audiencesync.source.failures import blamed
from audiencesync.source.pushed import journal_of, take_out, take_over, waiting
from audiencesync.source.reader import Source
from audiencesync.source.spark import SparkSource
from audiencesync.source.watch import Lookout, Signature

__all__ = [
    "Lookout",
    "Signature",
    "Source",
    "SparkSource",
    "blamed",
    "journal_of",
    "take_out",
    "take_over",
    "waiting",
]
