"""Invented sample registers, one module a data source; `registers.py` beside this folder runs them all."""
