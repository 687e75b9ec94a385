"""KEEPS FILES: the folders and addresses where the files of attachments stand; the only room that imports fsspec."""
