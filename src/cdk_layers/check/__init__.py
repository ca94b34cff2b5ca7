"""The pipeline of every check: read, judge, acknowledge."""
