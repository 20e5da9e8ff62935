"""Celery: names, queues, limits and schedule; each task calls one function of the domain.

`app` is the Celery application (`celery -A workers.app …` works for ops), `tasks` what it runs, `schedule` when,
`resources` what the tasks stand on, `__main__` how a worker or the beat is started.
"""
