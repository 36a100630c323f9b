"""Profiles, memberships and affinities, from the user's data into relations that the plan reads."""

from audiencesync.source.failures import blamed
from audiencesync.source.pushed import take_over
from audiencesync.source.reader import Source
from audiencesync.source.spark import SparkSource
from audiencesync.source.watch import Lookout, Signature

__all__ = ["Lookout", "Signature", "Source", "SparkSource", "blamed", "take_over"]
