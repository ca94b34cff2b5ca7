"""Files that the service's users cannot read, run or find."""
