"""Applications of services, and what latvija.gov.lv shows: one JSON object with two arrays."""

import json

from .common import AGENTURA, CENTRS, DIENESTS, NOVADS, OLD, PILSETA, SEEN, target

SOURCE = "lietotnes-katalogi"
STATE, CITY, OWN = "Latvija.gov.lv", "Pilsētas e-formu platforma", "Iestādes portāls"


def application(code, service, owner, kind, platform, address, auth=("augsta", "būtiska"), api=None) -> dict:
    made = {
        "kods": code,
        "pakalpojums": {"kods": service, "turetajs": owner},
        "veids": kind,
        "platforma": {"nosaukums": platform},
        "adreses": {"lietotne": address},
        "autentifikacija": list(auth),
    }
    if api:
        made["adreses"]["api"] = api
    return made


ZUD = "https://portals.zemes-udens-dienests.example/"
NAA = "https://portals.nodarbinatibas-atbalsta-agentura.example/"
FORMS = "https://eformas.viesturciema-valstspilsetas-pasvaldiba.example/"
DECLARE = "https://api.erglupes-pasvaldiba.example/deklaresana/v1"
MOBILE = "https://mansnovads.erglupes-pasvaldiba.example"
ROBOT = "https://www.mezmalas-socialas-aprupes-centrs.example/robots"
LATVIJA = "https://latvija.gov.lv/paraugs/"
APPLICATIONS = [
    application("LIET-001", "0001", NOVADS, "e-lietotne", STATE, LATVIJA + "EP901"),
    application("LIET-002", "0002", NOVADS, "e-lietotne", STATE, LATVIJA + "EP902"),
    application("LIET-003", "0020", NOVADS, "e-lietotne", STATE, LATVIJA + "EP906", api=DECLARE),
    application("LIET-004", "0041", NOVADS, "e-forma", CITY, FORMS + "adrese", auth=["būtiska"]),
    application("LIET-005", "0060", NOVADS, "mobilā lietotne", "Mans novads", MOBILE, auth=["nav nepieciešama"]),
    application("LIET-011", "1.1", PILSETA, "e-lietotne", STATE, LATVIJA + "EP931"),
    application("LIET-012", "5.1", PILSETA, "e-forma", CITY, FORMS + "pasakums", auth=["būtiska"]),
    application("LIET-013", "5.2", PILSETA, "e-lietotne", STATE, "latvija.gov.lv/paraugs/EP936"),  # flaw: no scheme
    application("LIET-021", "ZUD-001", DIENESTS, "e-lietotne", OWN, ZUD + "pakalpojumi/ZUD-001", api=ZUD + "api/v2/atlaujas"),
    application("LIET-022", "ZUD-002", DIENESTS, "e-lietotne", OWN, ZUD + "pakalpojumi/ZUD-002"),
    application("LIET-031", "NAA-A-01", AGENTURA, "e-lietotne", OWN, NAA + "pakalpojumi/NAA-A-01"),
    application("LIET-032", "NAA-C-02", AGENTURA, "e-lietotne", OWN, NAA + "pakalpojumi/NAA-C-02", api=NAA + "api/vakances"),
    application("LIET-033", "NAA-A-99", AGENTURA, "e-forma", OWN, NAA + "pakalpojumi/NAA-A-99"),  # flaw: no such service
    application("LIET-041", "0101", CENTRS, "tērzēšanas robots", "Mežmalas palīgs", ROBOT),  # flaw: kind
]  # fmt: skip


def offer(identifier, name, address, services, published=None, owner=None, seen=None) -> dict:
    made = {
        "id": identifier,
        "nosaukums": name,
        "adrese": address,
        "pakalpojumi": services,
        "datumi": {"publicets": published},
    }
    if owner:
        made["turetajs"] = owner
    if seen:
        made["kontrolsumma"] = seen
    return made


CATALOGUES = [
    {
        "nosaukums": "latvija.gov.lv",
        "piedavajumi": [
            offer("EP936", "Dzimšanas reģistrācija", LATVIJA + "EP936", ["5.2"], "2023-11-06"),
            # One offer for several services.
            offer("EP937", "Pabalsti ģimenei ar bērniem", LATVIJA + "EP937", ["0001", "0003", "1.1"], "2024-01-15"),
            offer("EP938", "Bezdarbnieka statuss un darba meklēšana", LATVIJA + "EP938", ["NAA-A-01", "NAA-A-02"], "2022-05-30"),
            # Neither has an application or a form.
            offer("EP939", "Apbedīšanas pabalsts", LATVIJA + "EP939", ["2.3"], "2023-01-02"),
            offer("EP940", "Ilgstoša sociālā aprūpe", LATVIJA + "EP940", ["0101", "0102"], "2023-06-19"),
            # The catalogue tells whose service it is, and which content it shows: as registered, and out of date.
            offer("EP901", "Bērna piedzimšanas pabalsts", LATVIJA + "EP901", ["0001"], "2023-04-03", NOVADS, SEEN["0001"]),
            offer("EP906", "Dzīvesvietas deklarēšana", LATVIJA + "EP906", ["0020"], "2022-01-17", NOVADS, OLD),
            # Shown without being registered.
            offer("EP951", "Suņu reģistrācija", LATVIJA + "EP951", ["0077"], "2021-05-10", NOVADS),
            offer("EP941", None, LATVIJA + "EP941", ["0111"], "2023-06-19"),  # flaw: no name
        ],
    },
]  # fmt: skip


def write() -> None:
    document = {"sagatavots": "2024-09-02", "lietotnes": APPLICATIONS, "katalogi": CATALOGUES}
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    target(SOURCE, "lietotnes.json").write_text(text, encoding="utf-8", newline="\n")
