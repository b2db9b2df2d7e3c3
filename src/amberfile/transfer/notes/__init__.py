"""Markdown files: notes that come in, and a folder that goes out."""
