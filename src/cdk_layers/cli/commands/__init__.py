"""Commands: each module in this folder is one, with `add_parser(commands)` and `execute(arguments)`."""
