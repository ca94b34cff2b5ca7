"""Forms of a report. Each module in this folder is one of its name, with a function `show(verdict)`."""
