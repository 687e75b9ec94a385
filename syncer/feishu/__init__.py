"""SPEAKS FEISHU: the only room that imports ``lark_oapi``, and only once somebody really talks to Feishu.

``client`` carries one call out (tokens, quotas, patience, errors); ``bitable`` keeps the promises of a table of
records; ``codes`` and ``errors`` say what every code means and how to mend it; ``quotas`` what Feishu allows.
"""
