"""What is served over HTTP: Feishu's webhook and whether all is well."""
