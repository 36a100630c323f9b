"""`audiencesync daemon`: every sync of a config kept in step for weeks without a hand."""
