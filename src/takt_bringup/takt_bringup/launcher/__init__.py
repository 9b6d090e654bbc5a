"""A small launcher for ROS 2 YAML launch files, for machines where ROS is not installed.

It understands the part of the format that takt's files use, with the meaning it has for
`ros2 launch`; what it does not know is an error that names file and line. Order of
reading: entity (YAML) → actions, process_actions, structure (parsed) → evaluate → plan →
supervisor (processes).
"""
