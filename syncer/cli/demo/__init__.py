"""``syncer demo``: the whole syncer on servers of its own and a stand-in Feishu, told step by step."""
