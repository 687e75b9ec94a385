"""Listens for what happens outside: Feishu's long connection and the databases' notifications."""
