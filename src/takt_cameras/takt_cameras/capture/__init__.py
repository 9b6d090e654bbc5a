"""Where frames come from: one file per kind of device, one thread for all of them."""
