#!/usr/bin/env python3
"""Writes what an assessment is made of beside requests: institutions, services with all that describes them, needs,
resources, links, applications, offers in catalogues, declared portfolios; a CSV each, always the same.

    INSTITUTIONS=400 SERVICES=3000 python3 pipelines/benches/generate_pack.py FOLDER

Codes and owners are those of generate_status.py, so that its requests belong to these services.
"""

import csv
import random
import sys
from pathlib import Path

from generate import rows
from generate_status import CODES, INSTITUTIONS, OWNERS

# Of ten institutions one is a municipality.
INSTITUTION_KINDS = ["pašvaldība"] + ["ministrijas padotības iestāde"] * 5 + ["cita valsts iestāde"] * 3 + ["kapitālsabiedrība"]
LEVELS = ["klātienē", "vienkāršots e-pakalpojums", "e-pakalpojums", "digitāls pakalpojums"]
CATALOGUES = ["latvija.gov.lv", "business.gov.lv", "virsis.gov.lv"]
pick = random.Random(2025)


def kind_of(institution):
    return INSTITUTION_KINDS[institution % 10]


def institutions():
    yield ["reg_no", "name", "kind", "website"]
    for n, owner in enumerate(OWNERS):
        yield [owner, f"Iestāde {n:03}", kind_of(n), f"https://iestade{n}.example/" if n % 3 else ""]


def services():
    yield ["code", "name", "kind", "audience", "channels", "expected", "statutory", "manager", "email", "description",
           "annual", "owner", "level", "group", "theme", "deep_link", "appeal"]  # fmt: skip
    for n, (code, row) in enumerate(zip(CODES, rows(len(CODES)))):
        owner = n % INSTITUTIONS
        group = f"SB-{n // INSTITUTIONS:02}" if kind_of(owner) == "pašvaldība" else ""
        described = row[9] if n % 7 else ""
        yield [code, row[1], row[2], row[3], row[4], row[5], row[6], row[7] if n % 5 else "", row[8], described, row[10],
               OWNERS[owner], LEVELS[n % 4], group, "Būvniecība" if n % 3 else "", f"https://e.example/{code}" if n % 2 else "",
               "e-adrese" if n % 4 else ""]  # fmt: skip


def owned():
    return [(code, OWNERS[n % INSTITUTIONS]) for n, code in enumerate(CODES)]


def needs():
    yield ["code", "name", "life_event"]
    for n in range(max(1, len(CODES) // 8)):
        yield [f"V-{n:04}", f"Vajadzība {n}", f"D-{n % 20:02}"]


def life_events():
    yield ["code", "name"]
    for n in range(20):
        yield [f"D-{n:02}", f"Dzīves situācija {n}"]


def resources():
    yield ["code", "name", "kind", "owner"]
    for n in range(max(1, len(CODES) // 6)):
        yield [f"R-{n:04}", f"Resurss {n}", "informācijas resurss" if n % 2 else "digitālo tehnoloģiju resurss", OWNERS[n % INSTITUTIONS]]


def need_service():
    yield ["need", "service", "owner"]
    for n, (code, owner) in enumerate(owned()):
        if n % 6:
            yield [f"V-{pick.randrange(max(1, len(CODES) // 8)):04}", code, owner]


def service_resource():
    yield ["service", "owner", "resource"]
    for n, (code, owner) in enumerate(owned()):
        if n % 4:
            yield [code, owner, f"R-{pick.randrange(max(1, len(CODES) // 6)):04}"]


def applications():
    yield ["code", "service", "owner", "kind", "url"]
    for n, (code, owner) in enumerate(owned()):
        if n % 3 == 0:
            yield [f"L-{n:04}", code, owner, "e-lietotne" if n % 2 else "e-forma", f"https://e.example/l/{n}"]


def offers():
    yield ["catalogue", "entry", "name", "services"]
    for n, (code, _) in enumerate(owned()):
        if n % 5:
            yield [CATALOGUES[n % 3], f"P{n:05}", f"Piedāvājums {n}", code]


def portfolio():
    yield ["reg_no", "item", "service", "since"]
    for n, (code, owner) in enumerate(owned()):
        # Of what is declared some is not registered.
        code = f"{code}-X" if n % 11 == 0 else code
        yield [owner, code, code, "2021-07-01"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tables = [institutions, services, life_events, needs, resources, need_service, service_resource, applications, offers, portfolio]
    for table in tables:
        with open(Path(sys.argv[1]) / f"{table.__name__.replace('_', '-')}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="|", lineterminator="\n").writerows(table())
