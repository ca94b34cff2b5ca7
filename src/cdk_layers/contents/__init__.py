"""What is in an archive or a folder, whoever made it: files, native files, distributions, secrets."""
