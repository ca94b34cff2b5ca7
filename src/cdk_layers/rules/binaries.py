"""Native code that cannot run where the function does."""
