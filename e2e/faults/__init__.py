"""Trouble on purpose: killed processes, a stopped broker, a database that stands still; and the proof that nothing was
lost.

``python -m e2e.faults`` runs it against a platform by compose or on a cluster. `e2e.checker` judges, `crowd` chats
meanwhile, `target` does the harm; `kill_each`, `kill_message` and `outage` are the stories.
"""
