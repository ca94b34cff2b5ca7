"""Read, judge, acknowledge: the pipeline of every check."""
