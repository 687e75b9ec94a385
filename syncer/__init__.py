"""Syncer keeps a Feishu/Lark Bitable table and a database table equal, in both directions."""

__version__ = "0.1.0"
