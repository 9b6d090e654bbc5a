"""`make bench`: the speed of the loop, the image hop, chunks and recording, in one run."""
