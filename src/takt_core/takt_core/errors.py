"""The one exception type whose message is meant for the person at the robot."""


class TaktError(Exception):
    """Something a user can put right.

    The message says what was found, what is allowed, and where to change it. Nodes log it
    without a traceback and refuse the transition; commands print it and exit with 1.
    """
