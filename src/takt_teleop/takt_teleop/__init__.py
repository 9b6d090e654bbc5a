"""Who commands the robot: the arbiter, and the devices with which a person steps in.

ROS appears only in ``conversions`` and under ``nodes``; everything else imports without it.
"""
