#!/usr/bin/env python3
"""A register for the benchmark of delivery: takes records by PUT, and lists of them by POST.

    register.py PORTFILE

Writes its port into the file, answers until it is killed; GET /count says how many records it holds.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

records = {}


class Register(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self):
        records[self.path] = self.body()
        self.answer(b"{}")

    def do_POST(self):
        items = json.loads(self.body())
        for item in items:
            records[item["uid"]] = item
        self.answer(json.dumps([{"uid": item["uid"], "status": 200} for item in items]).encode())

    def do_GET(self):
        self.answer(json.dumps({"count": len(records)}).encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Register)
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(str(server.server_address[1]))
server.serve_forever()
