"""`takt demo`: seeded episodes through the whole graph, a report and a picture."""
