"""What the expressions and conditions of a template evaluate to."""
