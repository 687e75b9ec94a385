"""Keeps mappings: YAML files <-> validated, versioned mappings.

``files.load_folder(path, env) -> Catalog`` reads every mapping file of a folder, ``load_files`` and ``load_file`` the
named ones. A ``Catalog`` holds ``mappings`` (each a ``Loaded``: ``mapping`` for the engine, ``document`` as written,
``path``, ``places.line("fields", 0, "column")``) and ``faults`` (``file:line: key: what; what would be right``);
``require()`` raises them. ``check.check_against`` compares a mapping with its two tables, ``pairs.build_rules`` readies
it for the planner, ``revisions`` stores and compares what was applied, ``schema`` tells editors what a file may hold.
"""
