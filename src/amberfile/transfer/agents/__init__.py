"""The SQLite files of other agents, which are only read."""
