"""One file per family of field type.

What may be written, what is stored, what is read, what events carry, how it filters and sorts.
"""
