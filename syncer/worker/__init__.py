"""Runs made by the clock and as soon as something is noticed: by Celery workers, on one machine or on many."""
