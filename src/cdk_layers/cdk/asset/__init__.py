"""Assets of layers and functions: bundling here or in Docker."""
