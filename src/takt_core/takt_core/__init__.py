"""What every takt package builds on: geometry, timed streams, parameters, the node base.

ROS appears only in ``conversions`` and under ``nodes``; everything else imports without it.
"""
