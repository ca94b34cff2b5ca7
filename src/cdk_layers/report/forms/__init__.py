"""Forms of a report: each module in this folder is one of its name, with `show(verdict)`."""
