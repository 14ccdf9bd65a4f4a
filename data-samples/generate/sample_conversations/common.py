"""A recorded conversation: exchanges as docs/network.md describes them, numbered in the order in which they are added."""

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

SAMPLES = Path(__file__).resolve().parents[2]
RIGA = ZoneInfo("Europe/Riga")
UTC = ZoneInfo("UTC")
PLAIN = ' $,:*<>=/"'


def riga(text):
    """A local time, as the requests below are written: `2024-05-02 09:15`."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=RIGA)


def utc(text, form):
    """The same in UTC, in the form that a system writes."""
    return riga(text).astimezone(UTC).strftime(form)


class Conversation:
    def __init__(self, source):
        self.folder = SAMPLES / source
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        self.number = 0

    def exchange(self, path, answer, query=None, body=None, any_value=()):
        """A request and the JSON that answers it; `body` makes it a POST."""
        self.number += 1
        name = f"{self.number:04}"
        lines = []
        if body is not None:
            lines.append('method = "POST"')
        # As people read it: only what would mean something else is escaped.
        pairs = [f"{name}={quote(str(value), safe=PLAIN)}" for name, value in (query or {}).items()]
        lines.append(f"path = {quoted(path + ('?' + '&'.join(pairs) if pairs else ''))}")
        if body is not None:
            lines.append(f"body = {quoted(json.dumps(body, ensure_ascii=False))}")
        if any_value:
            lines.append(f"any = [{', '.join(quoted(name) for name in any_value)}]")
        lines.append(f'file = "{name}.json"')
        self.put(f"{name}.toml", "\n".join(lines))
        self.put(f"{name}.json", json.dumps(answer, ensure_ascii=False, indent=1))

    def put(self, name, text):
        (self.folder / name).write_text(text + "\n", encoding="utf-8", newline="\n")


def quoted(text):
    """A text of TOML; a literal one where it has quotes of its own."""
    return f"'{text}'" if '"' in text and "'" not in text else json.dumps(text, ensure_ascii=False)
