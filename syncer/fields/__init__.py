"""Translates: what a Bitable field holds, as a value, as a column. Pure; one file per family of field.

A *form* knows one side of a pair: how a field's cells, or a column's contents, become values and back, and what the
side will hold after receiving a value. ``registry.translator`` joins the two forms of a pair. To add a field type,
write its form in a file of its own and give it a row in ``registry.FIELDS``; for a column type, a file in
``columns/`` and a row in ``columns.catalog``.
"""
