"""Arguments that users pass to constructs: readers, types and error messages."""
