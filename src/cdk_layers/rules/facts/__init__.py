"""Facts that several rule families need."""
