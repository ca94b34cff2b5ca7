"""Distributions that lack others, or exist twice."""
