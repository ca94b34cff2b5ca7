"""Trimming: selection of the files of installed distributions that an archive leaves out."""
