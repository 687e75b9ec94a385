"""From two tables, or from one, to a first mapping file: what may be paired, what the other table needs, the text."""
