"""The networks, by what they do."""
