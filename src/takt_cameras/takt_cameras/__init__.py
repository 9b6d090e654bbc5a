"""Camera drivers: RealSense, UVC and video files, with measured time stamps."""
