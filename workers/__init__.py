"""Celery: names, queues, limits and schedule; each task calls one function of the domain.

`app` is the Celery application (`celery -A workers.app …` works for ops), `screen_tasks` and `deliver_tasks` what it
runs for each queue, `ringing` how they ask for more, `schedule` when the beat does; `resources` is what all tasks stand
on, `judging` what comments are judged with, `__main__` how a worker or the beat is started.
"""
