"""The policies that are trained on what the cameras' networks see; one bundle each."""
