"""From joint waypoints to a motion in time: rounded corners, speeds within limits, braking."""
