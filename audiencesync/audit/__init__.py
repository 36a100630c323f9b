"""Looking back: the runs, the syncs now, everything sent for one member, and the audit report."""
