"""Files to Dataset and back."""
