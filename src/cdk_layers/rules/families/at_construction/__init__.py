"""Families with rules that constructs raise at once. Constructs load only these: loading all takes long."""
