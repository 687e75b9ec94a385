"""PACES: how operations become calls, how fast calls may follow each other, and who may write a table now.

``batches`` (pure) cuts and bisects, ``quota`` keeps calls inside their windows, ``writer`` lets one writer at a time
touch a table; ``redis_writer`` does the same for many processes.
"""
