"""Trained policies as takt bundles.

PyTorch is imported only by the modules that need it, so that the package, its mapping files and
their errors work where PyTorch is not installed.
"""
