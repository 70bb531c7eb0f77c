"""Records to HTML; templates only render."""
