"""Our own format, in which nothing is lost: records, as JSON lines and as YAML."""
