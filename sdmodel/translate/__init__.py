"""Model files become models: guard, read, lower, expand."""
