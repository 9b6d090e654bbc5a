"""What each task needs to be learned."""
