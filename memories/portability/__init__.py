"""Export and import as JSON Lines: one `{type, …}` a line, ids and times kept.

What is exported and imported again, into a project where its ids are free, is exported the same to
the byte: lines refer to each other by their ids on the wire, and places in the order of changes are
ranks, so nothing of the project, the tenant or the moment is in them.
"""
