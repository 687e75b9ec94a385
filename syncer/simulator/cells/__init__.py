"""One file per family of field type: what may be written, what is stored, what is read, how it filters and sorts."""
