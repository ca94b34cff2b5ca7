"""Facts of the Lambda service, each with its source: limits, runtimes, ARNs, Regions."""
