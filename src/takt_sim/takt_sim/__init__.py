"""MuJoCo robots, sensors and tasks behind exactly the interface of the hardware."""
