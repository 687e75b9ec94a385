"""The database side of a pair: one file per family of column type, and the catalog that knows them all."""
