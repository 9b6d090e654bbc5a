"""Making bundles faster: measuring them, and deriving smaller ones. No robot needs this."""
