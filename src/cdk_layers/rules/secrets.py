"""What nobody but its owner should read."""
