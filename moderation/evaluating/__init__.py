"""Measuring what the service makes of labelled comments: the text model alone, and everything together.

Nothing here runs while comments are judged. `moderation evaluate` asks it; `learning` and the steps of a comment's way
know nothing of it.
"""
