"""What the product costs, beside what others cost for the same; see `docs/performance.md`."""
