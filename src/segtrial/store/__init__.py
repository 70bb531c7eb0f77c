"""Records to disk and back."""
