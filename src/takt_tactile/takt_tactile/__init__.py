"""Vision-based tactile skins: marker displacement fields with measured time stamps."""
