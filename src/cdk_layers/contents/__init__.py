"""Contents of archives and folders: files, native files, distributions, secrets."""
