#!/usr/bin/env python3
"""Services as a paged API, for rest.sh; always the same bytes.

serve_pages.py serve RECORDS    prints the port and serves pages until its standard input ends
serve_pages.py read PORT        asks for all pages, one after the other, and does nothing with them
serve_pages.py write RECORDS    prints the same records, one a line
"""
import http.client
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CLAMP = 100


def record(number):
    return json.dumps({
        "id": number,
        "kods": f"P-{number:07}",
        "nosaukums": f"Pakalpojums {number}",
        "veids": "publisks individuāla labuma",
        "sanemeji": ["iedzīvotājs", "uzņēmējs"],
        "kanali": ["e-lietotne", "klātienē iestādē"],
        "termins": f"{number % 30 + 1} dienas",
        "vaditajs": {"vards": f"Vadītājs {number % 500}", "epasts": f"vaditajs{number % 500}@iestade.lv"},
        "apraksts": "Pakalpojuma apraksts, kas aizņem vienu rindu un mazliet vairāk. " * 3,
        "gada": number % 10000,
        "mainits": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:00:00Z",
    }, ensure_ascii=False)


def serve(records):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in one piece: a body that waits until its head is acknowledged would be what is measured.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self):
            asked = parse_qs(urlsplit(self.path).query)
            offset = int(asked.get("offset", ["0"])[0])
            limit = min(int(asked.get("limit", ["25"])[0]), CLAMP)
            items = ",".join(record(number) for number in range(offset, min(offset + limit, records)))
            body = f'{{"items":[{items}],"total":{records}}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


def read(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    offset, total = 0, 1
    while offset < total:
        connection.request("GET", f"/items?offset={offset}&limit={CLAMP}")
        answer = json.loads(connection.getresponse().read())
        offset, total = offset + len(answer["items"]), answer["total"]


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
elif sys.argv[1] == "read":
    read(int(sys.argv[2]))
else:
    for number in range(int(sys.argv[2])):
        print(record(number))
