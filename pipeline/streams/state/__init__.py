"""What agents remember: rows, the stores they lie in, and how these come back from the changelog."""
