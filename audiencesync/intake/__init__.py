"""Changes that are pushed: what they may say, and the way into the store."""
