"""Ērgļupes novada pašvaldība: export of a records management system like Namejs, XML with nested history.

A document holds its history; every entry says who changed what and when, to the second, with the offset since the
system's upgrade in October 2023 and without it before. Flaws are planted in requests of their own, numbered from
5-3/2024/0901 on, see data-samples/README.md.
"""

import random
from datetime import date, datetime, timedelta, timezone
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from sample_registers.common import NOVADS, target

from .common import Applicant, Event, Request, Service, applicants, requests

SOURCE = "erglupes-novads-namejs"
UPGRADE = datetime(2023, 10, 16)
RIGA = ZoneInfo("Europe/Riga")

PORTAL = ["e-lietotne", "e-adrese", "klātienē VPVKAC", "klātienē iestādē"]
DESK = ["klātienē iestādē", "e-adrese", "pasts"]
SERVICES = [
    Service("0001", "Pabalsts, bērnam piedzimstot", PORTAL, 6, 30, 2, 3),
    Service("0002", "Bērna reģistrācija pirmsskolas izglītības iestādē", PORTAL, 3, 14, 2, 4),
    Service("0003", "Ēdināšanas izdevumu atvieglojumi izglītojamiem", PORTAL, 7, 30, 0, 4),
    Service("0010", "Garantētā minimālā ienākuma pabalsts", DESK, 9, 30, 0, 3),
    Service("0011", "Mājokļa pabalsts", DESK, 9, 30, 0, 5),
    Service("0012", "Aprūpe mājās", DESK, 15, 30, 0, 1),
    Service("0013", "Asistenta pakalpojums", PORTAL, 10, 20, 0, 1),
    Service("0020", "Dzīvesvietas deklarēšana", PORTAL, 1, 1, 2, 8),
    Service("0022", "Miršanas fakta reģistrācija", ["klātienē iestādē"], 1, 1, 0, 2),
    Service("0030", "Nekustamā īpašuma nodokļa atvieglojumi", PORTAL, 12, 30, 0, 3),
    Service("0040", "Būvniecības ieceres izskatīšana", ["iestādes portāls", "e-adrese"], 18, 30, 3, 2, True),
    Service("0041", "Adreses piešķiršana", PORTAL, 9, 30, 0, 1),
    Service(
        "0060", "Ziņojums par bojājumu publiskajā ārtelpā", ["mobilā lietotne", "tālrunis", "e-pasts"], 4, 14, 3, 3
    ),
]
KINDS = {
    "pakalpojuma pieprasījums": 85, "informācijas pieprasījums": 6, "sūdzība": 5, "vienošanās pieteikums": 2,
    "darba pieteikums": 2,
}  # fmt: skip

KIND_LABELS = {
    "pakalpojuma pieprasījums": "Iesniegums", "informācijas pieprasījums": "Informācijas pieprasījums",
    "sūdzība": "Sūdzība", "vienošanās pieteikums": "Vienošanās", "darba pieteikums": "Darba uzdevums",
}  # fmt: skip
STATES = {
    "melnraksts": "Sagatave", "iesniegts": "Saņemts", "reģistrēts": "Reģistrēts", "izpildē": "Izskatīšanā",
    "gaida klientu": "Atgriezts precizēšanai", "gaida trešo pusi": "Saskaņošanā citā iestādē",
    "apturēts": "Apturēta izpilde", "lēmums pieņemts": "Pieņemts lēmums", "gatavs saņemšanai": "Gatavs izsniegšanai",
    "atkārtoti atvērts": "Atjaunots", "pabeigts": "Slēgts", "atteikts": "Noraidīts",
    "atsaukts": "Atsaukts pēc klienta lūguma", "pārsūtīts": "Nosūtīts pēc piekritības",
    "anulēts": "Kļūdaini reģistrēts", "apstrīdēts": "Apstrīdēts",
}  # fmt: skip
CHANNELS = {
    "e-lietotne": "Latvija.lv e-pakalpojums", "e-adrese": "eAdrese", "klātienē VPVKAC": "VPVKAC",
    "klātienē iestādē": "klātienē", "pasts": "pa pastu", "e-pasts": "e-pasts ar drošu elektronisko parakstu",
    "tālrunis": "pa tālruni", "iestādes portāls": "pašapkalpošanās portāls", "mobilā lietotne": "mobilā aplikācija",
    "e-forma": "e-formu ģenerators", "īsziņa": "SMS", "videokonsultācija": "video konsultācija",
    "proaktīvi": "bez pieprasījuma",
}  # fmt: skip
APPLICANTS = {"iedzīvotājs": "fiziska persona", "uzņēmējs": "juridiska persona"}
RESULTS = {
    "piešķirts": "Pozitīvs lēmums",
    "daļēji piešķirts": "Daļējs",
    "atteikts": "Negatīvs lēmums",
    "atsaukts": "Klients atsaucis",
}
ROLES = {
    "pieteicējs": "iesniedzējs", "izpildītājs": "izpildītājs", "lietvedis": "lietvedis",
    "nodaļas vadītājs": "nodaļas vadītājs", "cita iestāde": "ārējs dalībnieks",
}  # fmt: skip
STEPS = {"reģistrēts": 1, "izpildē": 2, "lēmums pieņemts": 3}


def stamp(at: datetime) -> str:
    """Since the upgrade with the offset of the day, before it the bare local time."""
    if at < UPGRADE:
        return at.strftime("%Y-%m-%dT%H:%M:%S")
    return at.replace(tzinfo=RIGA).isoformat()


class Document:
    """A request as the export prints it; what a flaw changes is set on it."""

    numbers = 10_000

    def __init__(self, request: Request, **changed) -> None:
        Document.numbers += 1
        self.id = Document.numbers
        self.request = request
        service = request.service
        closed = request.closed()
        self.no = request.no
        self.service = service.code if service else None
        self.channel = CHANNELS[request.channel]
        self.due = request.due.isoformat() if request.due else None
        self.received = stamp(request.submitted())
        self.closed = stamp(closed) if closed else None
        self.state = STATES[request.state()]
        self.comment = None
        # id, number, time, state, role, step, comment
        self.history = [
            self.entry(n, stamp(event.at), STATES[event.state], event)
            for n, event in enumerate(request.events, start=1)
        ]
        for name, value in changed.items():
            setattr(self, name, value)

    def entry(self, n: int, at: str, state: str, event: Event) -> dict[str, str]:
        step = STEPS.get(event.state, 9)
        known = self.request.service is not None and step <= self.request.service.steps
        return {
            "id": f"{self.id}-{n}", "nr": str(n), "laiks": at, "statuss": state, "loma": ROLES[event.who],
            "solis": str(step) if known else "", "komentars": event.comment,
        }  # fmt: skip

    def print(self) -> str:
        out = [f'  <dokuments id="d-{self.id}" saite="https://dvs.erglupes-pasvaldiba.example/dok/{self.id}">']

        def element(indent: int, name: str, text: str | None, attributes: str = "") -> None:
            if text is not None:
                out.append(f"{' ' * indent}<{name}{attributes}>{escape(text)}</{name}>")

        out.append("    <registracija>")
        element(6, "numurs", self.no)
        element(6, "sanemts", self.received)
        out.append("    </registracija>")
        element(4, "veids", KIND_LABELS[self.request.kind])
        if self.service is not None:
            name = self.request.service.name if self.request.service else ""
            element(4, "pakalpojums", name, f" kods={quoteattr(self.service)}")
        element(4, "sanemsanasVeids", self.channel)
        person = self.request.applicant
        # What the desk enters has the hyphen, what comes from the portal has none.
        code = person.code.replace("-", "") if self.request.channel == "e-lietotne" else person.code
        element(4, "iesniedzejs", code, f" veids={quoteattr(APPLICANTS[person.kind])}")
        element(4, "termins", self.due)
        element(4, "slegts", self.closed)
        element(4, "statuss", self.state)
        if self.request.result:
            element(4, "rezultats", RESULTS[self.request.result])
        element(4, "piezimes", self.comment)
        if self.history:
            out.append("    <vesture>")
            for entry in self.history:
                out.append(f"      <notikums id={quoteattr(entry['id'])} nr={quoteattr(entry['nr'])}>")
                for name in ("laiks", "statuss", "loma", "solis", "komentars"):
                    if entry[name]:
                        element(8, name, entry[name])
                out.append("      </notikums>")
            out.append("    </vesture>")
        out.append("  </dokuments>")
        return "\n".join(out) + "\n"


def usual(no: str, service: Service, channel: str, applicant: Applicant, begun: datetime) -> Request:
    """A plain request of the week of `begun`, five events: what a flaw is planted in."""
    begun -= timedelta(days=begun.weekday())
    hours = [("iesniegts", 0, "pieteicējs"), ("reģistrēts", 1, "lietvedis"), ("izpildē", 26, "nodaļas vadītājs"),
             ("lēmums pieņemts", 74, "nodaļas vadītājs"), ("pabeigts", 97, "lietvedis")]  # fmt: skip
    events = [Event(begun + timedelta(hours=h, seconds=17 * h), state, who) for state, h, who in hours]
    due = begun.date() + timedelta(days=service.due or 30)
    return Request(no, "pakalpojuma pieprasījums", service, channel, applicant, due, "piešķirts", events)


def flawed(people: list[Applicant]) -> list[Document]:
    by_code = {service.code: service for service in SERVICES}

    def document(n: int, code: str, month: int, day: int, **changed) -> Document:
        request = usual(f"5-3/2024/{n:04}", by_code[code], by_code[code].channels[0], people[n % len(people)],
                        datetime(2024, month, day, 9, 5, 12))  # fmt: skip
        return Document(request, **changed)

    made = []
    unreadable = document(901, "0001", 2, 5)
    unreadable.history[1]["laiks"] = "2024-02-30T10:05:29+02:00"
    # An unreadable time with a personal code in it: the finding must not show it.
    unreadable.history[2]["laiks"] = "06.02.2024 plkst. 11 (zvanīja 140578-11234)"
    made.append(unreadable)

    unknown = document(902, "0011", 2, 6)
    unknown.history[2]["statuss"] = "Izskatīšna"
    unknown.history[3]["statuss"] = "Lēmums (320415-20817 informēta)"
    made.append(unknown)

    future = document(903, "0003", 6, 10)
    future.history[3]["laiks"] = "2042-06-13T11:26:10+03:00"
    made.append(future)

    skipped = document(904, "0002", 3, 28)
    skipped.history[2]["laiks"] = "2024-03-31T03:30:00"
    made.append(skipped)

    # Without an offset the hour may be either; with one it is the later, whatever the rule says.
    twice = document(905, "0030", 2, 8)
    twice_days = ["2023-10-27T10:05:00+03:00", "2023-10-27T10:44:10+03:00", "2023-10-29T03:30:00",
                  "2023-10-29T03:30:00+02:00", "2023-10-30T09:12:00+02:00"]  # fmt: skip
    for entry, at in zip(twice.history, twice_days):
        entry["laiks"] = at
    twice.no, twice.received, twice.closed, twice.due = "5-3/2023/0905", twice_days[0], twice_days[-1], "2023-11-26"
    made.append(twice)

    made.append(document(906, "0011", 2, 12, no=None))
    made.append(document(907, "0010", 2, 13, service="0077"))
    made.append(document(908, "0012", 2, 14, closed="2024-01-14T10:32:49+02:00"))

    repeated = document(909, "0001", 2, 15)
    repeated.history.insert(3, dict(repeated.history[2]))
    made.append(repeated)

    alike = document(910, "0020", 2, 19)
    made += [alike, alike]

    first, later = document(911, "0041", 2, 20), document(911, "0041", 2, 20)
    later.id, later.history, first.history = first.id, first.history, first.history[:4]
    first.closed, first.state, later.channel = None, STATES["lēmums pieņemts"], CHANNELS["e-adrese"]
    made += [first, later]

    spaced = document(912, "0013", 2, 21, service="\u00a00013 ", state=" SLĒGTS ", no="5-3/2024/0912\u00a0")
    spaced.history[2]["statuss"] = "\u00a0izskatīšanā "
    made.append(spaced)

    after_closing = document(913, "0030", 2, 22)
    after_closing.history.append(
        after_closing.entry(6, "2024-02-28T09:11:40+02:00", "Izskatīšanā", Event(UPGRADE, "izpildē"))
    )
    after_closing.closed, after_closing.state = None, "Izskatīšanā"
    made.append(after_closing)

    never_closed = document(914, "0003", 2, 23)
    never_closed.history[3]["statuss"] = "Atjaunots"
    made.append(never_closed)

    draft = document(915, "0002", 2, 26)
    draft.history[2]["statuss"] = "Sagatave"
    made.append(draft)

    personal = document(916, "0010", 2, 27, comment="Iesniedzēja māte, personas kods 02034511239, dzīvo turpat.")
    personal.history[1]["komentars"] = "Zvanīja dēls (32150720812), lūdz paātrināt."
    personal.history[2]["loma"] = "pilnvarotā persona 140578-11234"
    made.append(personal)

    # The same event twice with different words: the later one counts.
    corrected = document(917, "0041", 2, 28)
    other = dict(corrected.history[3])
    other["laiks"], other["komentars"] = "2024-02-29T16:20:00+02:00", "Labots: lēmums parakstīts vēlāk."
    corrected.history.insert(4, other)
    made.append(corrected)

    appealed = document(918, "0011", 3, 4)
    appealed.history = appealed.history[:3] + [
        appealed.entry(4, "2024-03-07T15:10:00+02:00", "Apstrīdēts", Event(UPGRADE, "apstrīdēts"))
    ]
    appealed.closed, appealed.state = None, "Apstrīdēts"
    made.append(appealed)

    back = document(919, "0010", 3, 5)
    back.history[3]["statuss"] = "Saņemts"
    made.append(back)

    # Only the end was written down.
    closed_at_once = document(920, "0022", 3, 6)
    closed_at_once.history = closed_at_once.history[4:]
    made.append(closed_at_once)
    return made


def write() -> None:
    pick = random.Random(20230703)
    people, firms = applicants(pick, 70, 6)
    rare = ["proaktīvi", "e-forma", "īsziņa", "mobilā lietotne", "videokonsultācija", "pasts", "tālrunis"]
    made = requests(pick, 150, SERVICES, KINDS, lambda year, n: f"5-3/{year}/{n:04}", people, firms, rare)
    Document.numbers = 10_000
    documents = [Document(request) for request in made]
    # Some of the desk's requests are only registered: no history was kept.
    for document in [d for d in documents if d.request.channel == "klātienē iestādē"][::6]:
        document.history = []
    documents += flawed(people)
    made_at = datetime(2024, 7, 1, 3, 0, tzinfo=timezone.utc).astimezone(RIGA).isoformat()
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!-- Izdomāti dati: dokumentu vadības sistēmas izraksts ar vēsturi -->\n"
        f'<dokumentuIzraksts xmlns="urn:paraugs:dokumentu-vadiba:3" regNr="{NOVADS}" '
        f'no="2023-07-01" lidz="{date(2024, 6, 30)}" sagatavots="{made_at}">\n'
        + "".join(document.print() for document in documents)
        + "</dokumentuIzraksts>\n"
    )
    target(SOURCE, "dokumenti.xml").write_text(text, encoding="utf-8", newline="\n")
