"""Published per-class tables → ClassTable: CSV, Markdown and Ultralytics' console text.

What an arm touches (counts files, arm names, `--touched`) is read here as well. Nothing is
computed: statistics belong elsewhere.
"""
