"""Parts of archives: one for each distribution, one for the entry's own files."""
