"""Selection of what stays out of installed distributions."""
