"""`takt doctor`: one module per group of checks, each returning findings."""
