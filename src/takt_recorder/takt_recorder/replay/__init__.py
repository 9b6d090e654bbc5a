"""From a recorded episode back to motion: plan, guards and comparison."""
