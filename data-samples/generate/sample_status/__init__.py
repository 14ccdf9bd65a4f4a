"""Invented status exports, one module a system; `status.py` beside this folder runs them all."""
