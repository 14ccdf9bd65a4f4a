#!/usr/bin/env python3
"""Runs a program on a terminal of its own and answers what it asks.

answer.py '[["asked", "answer"], …]' PROGRAM ARGUMENT…: waits until the program has written each "asked" and sends the
answer to it. What it wrote goes to standard output; ends with its exit code, or with 99 when something was not asked.
"""

import json
import os
import pty
import select
import sys
import time

WAIT = 120


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.argv[2], sys.argv[2:])
    written, seen = b"", 0

    def read(until):
        nonlocal written
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.time()))
        try:
            chunk = os.read(terminal, 65536) if ready else b""
        except OSError:  # The program has closed its end.
            chunk = b""
        written += chunk
        return bool(chunk)

    for asked, answer in json.loads(sys.argv[1]):
        until = time.time() + WAIT
        while asked.encode() not in written[seen:]:
            if not read(until):
                sys.stdout.buffer.write(written)
                sys.exit(99)
        seen = written.index(asked.encode(), seen) + len(asked.encode())
        os.write(terminal, answer.encode())
    while read(time.time() + WAIT):
        pass
    sys.stdout.buffer.write(written)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
