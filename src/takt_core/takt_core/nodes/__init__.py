"""The base of every takt node: lifecycle, parameters, quality of service, diagnostics."""
