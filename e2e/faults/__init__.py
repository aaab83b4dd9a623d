"""Trouble on purpose: a killed process, a stopped broker, a stopped database; and the proof that nothing was lost.

``python -m e2e.faults`` runs it against a platform by compose or on a cluster. `e2e.checker` judges, `crowd` chats
meanwhile, `target` does the harm; `kill_message` and `outage` are the two stories.
"""
