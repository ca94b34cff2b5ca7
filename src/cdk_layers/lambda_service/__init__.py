"""What the Lambda service says: limits, runtimes and the form of its ARNs. Data, with its source beside it."""
