"""One module a command; what it needs beyond click is imported when it runs."""
