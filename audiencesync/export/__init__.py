"""Drives a plan through its routes: intent, call, outcome; and asks Salesforce when an answer was lost."""

from audiencesync.export.executor import Exporter
from audiencesync.export.ports import Org
from audiencesync.export.recovery import recover
from audiencesync.export.target import Target
from audiencesync.export.tools import Tools

__all__ = ["Exporter", "Org", "Target", "Tools", "recover"]
