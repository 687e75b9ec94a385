"""PACES: how operations become calls, how fast calls may follow each other, and who may write a table now.

``batches`` (pure) cuts and bisects. ``quota`` says what may begin when, ``paces`` and ``sizes`` what a table bears,
``writer`` that one at a time writes it; ``fair_queue`` and ``askers`` say who comes first. Each has a twin in memory,
for the threads of one process, and one in Redis (``redis_*``, ``lua/``), for all.
"""
