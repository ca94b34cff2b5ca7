"""Where things lie in a layer."""
