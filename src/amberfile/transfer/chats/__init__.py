"""Conversations of other programs: messages with a role, in lists and in trees."""
