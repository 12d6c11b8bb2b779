"""Actors and supervision on Trio. Knows nothing about trading.

Decision actors are synchronous and share one run queue; edge actors are tasks with mailboxes; a
tree of supervisors starts both in order, restarts what fails and stops in reverse order. The
README beside this file explains all of it, with an example.
"""
