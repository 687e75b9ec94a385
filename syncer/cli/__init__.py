"""The command line: translates what a person types, calls, and tells the result."""
