"""The networks of known frameworks, rebuilt from their published structure."""
