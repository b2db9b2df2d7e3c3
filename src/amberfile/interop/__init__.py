"""Other libraries' interfaces, spoken over our memory: one file each, no logic of its own."""
