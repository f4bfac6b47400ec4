"""Results become pages for readers."""
