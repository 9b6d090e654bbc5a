"""Runs exported chunk policies: bundles, samplers, schedules, and the policy node.

Everything but ``nodes`` and ``conversions`` works on numpy arrays and imports without ROS.
"""
