"""A database table as a side: reading, guarded writing, what the catalog says. PostgreSQL's SQL lives here."""
