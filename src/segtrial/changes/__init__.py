"""Dataset to Dataset and Edits."""
