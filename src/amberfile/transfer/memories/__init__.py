"""Memories of other programs: single statements, with what is known about each."""
