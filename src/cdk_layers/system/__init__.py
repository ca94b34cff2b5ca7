"""This machine (processes, clock, environment), and the text of messages."""
