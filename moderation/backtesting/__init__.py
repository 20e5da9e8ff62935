"""What another policy, word list or model would have made of the comments that people decided about.

`moderation backtest` asks it; nothing here writes to the database.
"""
