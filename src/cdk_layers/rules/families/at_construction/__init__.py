"""Families with rules whose errors constructs raise. Constructs load only these, since loading all takes long."""
