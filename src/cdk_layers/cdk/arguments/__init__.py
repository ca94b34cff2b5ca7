"""Arguments that users pass to constructs: read, typed, and named in errors."""
