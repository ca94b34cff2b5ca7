"""The cache of builds, measured contents and small values, shared by processes."""
