"""The directory of the tenant: departments in a tree, people in them, and what of it an app may see.

`tree` holds it, `views` shows it as far as an app's range and scopes allow, `news` tells apps what changed.
"""
