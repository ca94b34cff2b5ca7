"""A real app: a hub account that shares four layers, a spoke account whose functions use them."""
