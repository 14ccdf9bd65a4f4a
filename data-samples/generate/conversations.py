"""Writes the recorded conversations with ticket systems below data-samples/: the same bytes on every run.

Needs nothing but Python. Run: python3 data-samples/generate/conversations.py
Answers have the form that the systems' public documentation describes; no system was asked. What each folder shows and
which flaws are planted: data-samples/README.md.
"""

from sample_conversations import ckan, ivanti, jira, presets, redmine, sharepoint, znuny

SOURCES = [redmine, jira, znuny, ivanti, sharepoint, ckan, presets]

if __name__ == "__main__":
    for source in SOURCES:
        source.write()
