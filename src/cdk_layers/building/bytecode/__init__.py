"""Bytecode of the modules in an archive, compiled when it is built."""
