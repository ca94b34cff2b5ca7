"""From an entry folder to the archive of a layer or of a function's code."""
