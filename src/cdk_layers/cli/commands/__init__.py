"""Commands. Each module in this folder is one, with functions `add_parser(commands)` and `execute(arguments)`."""
