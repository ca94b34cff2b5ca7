"""Side by side: each pair of numbers is measured in one run, on one machine, and reported as a ratio."""
