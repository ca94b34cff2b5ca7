"""Evaluation of the expressions and conditions of templates."""
