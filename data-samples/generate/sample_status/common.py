"""What the three status exports share: invented applicants, working days, and how a request goes from state to state.

A request is a list of events; every module prints them as its system would. Nothing here knows of any format.
"""

import itertools
import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

# The last working moment before the exports were made; what would have come later has not happened yet.
HORIZON = datetime(2024, 6, 28, 16, 30)
FIRST_DAY, LAST_DAY = date(2023, 7, 3), date(2024, 6, 28)

# Public holidays of the period that fall on a weekday, moved ones too.
HOLIDAYS = {
    date(2023, 11, 20), date(2023, 12, 25), date(2023, 12, 26), date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1),
    date(2024, 5, 1), date(2024, 5, 6), date(2024, 6, 24),
}  # fmt: skip

CLOSING = {"pabeigts", "atteikts", "atsaukts", "pārsūtīts", "anulēts"}
# Where the applicant writes at any hour and may leave a draft.
ELECTRONIC = {"e-lietotne", "e-forma", "iestādes portāls", "mobilā lietotne"}
ANY_HOUR = ELECTRONIC | {"e-adrese", "e-pasts", "API", "īsziņa"}

MEN = ["Arvīds", "Centis", "Edvīns", "Guntars", "Ingars"], ["Paraudziņš", "Testiņš", "Izdomājs", "Neesošais"]
WOMEN = ["Benita", "Daila", "Fanija", "Herta", "Jautrīte"], ["Paraudziņa", "Testiņa", "Izdomāja", "Neesošā"]
FIRMS = ["Izdoma", "Paraugs un dēli", "Teiksmas koks", "Neesošie lauki", "Iedomu grants", "Pasaku maiznīca"]


@dataclass(frozen=True)
class Service:
    """A service of the sample registers as its requests show it."""

    code: str
    name: str
    channels: list[str]  # asked for by these, the first most often
    days: int  # working days that a request usually takes
    due: int | None  # calendar days until it must be done
    steps: int = 0
    weight: int = 1
    firms: bool = False


@dataclass(frozen=True)
class Applicant:
    kind: str  # code of audiences.csv
    name: str
    code: str  # personal code with a hyphen, or registration number


@dataclass(frozen=True)
class Event:
    at: datetime
    state: str  # code of states.csv
    who: str = "izpildītājs"
    comment: str = ""


@dataclass(frozen=True)
class Request:
    no: str
    kind: str
    service: Service | None
    channel: str
    applicant: Applicant
    due: date | None
    result: str | None
    events: list[Event] = field(default_factory=list)

    def submitted(self) -> datetime:
        return next((event.at for event in self.events if event.state != "melnraksts"), self.events[0].at)

    def closed(self) -> datetime | None:
        last = [event for event in self.events if event.state != "apstrīdēts"][-1]
        return last.at if last.state in CLOSING else None

    def state(self) -> str:
        return self.events[-1].state

    def but(self, **changes) -> "Request":
        return replace(self, **changes)


def personal_code(pick: random.Random) -> str:
    """A code that no person can have: its check digit is wrong. Both the old form and the one that begins with 32."""
    if pick.random() < 0.3:
        digits = f"32{pick.randint(0, 9999):04}{pick.randint(0, 9999):04}"
    else:
        digits = f"{pick.randint(1, 28):02}{pick.randint(1, 12):02}{pick.randint(45, 99):02}1{pick.randint(0, 999):03}"
    weights = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = (1101 - sum(weight * int(digit) for weight, digit in zip(weights, digits))) % 11 % 10
    return f"{digits[:6]}-{digits[6:]}{(right + 3) % 10}"


def applicants(pick: random.Random, people: int, firms: int) -> tuple[list[Applicant], list[Applicant]]:
    names = [[pick.choice(words) for words in (MEN, WOMEN)[n % 2]] for n in range(people)]
    persons = [Applicant("iedzīvotājs", " ".join(name), personal_code(pick)) for name in names]
    companies = [
        Applicant("uzņēmējs", f"SIA „{FIRMS[n % len(FIRMS)]}”", f"409{pick.randint(0, 99999999):08}")
        for n in range(firms)
    ]
    return persons, companies


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def office(pick: random.Random, after: datetime, days: int) -> datetime:
    """A moment in office hours so many working days later, always after `after`."""
    day = after.date()
    while days > 0 or not works(day):
        day += timedelta(days=1)
        days -= works(day)
    moment = datetime(day.year, day.month, day.day, 8, 30) + timedelta(seconds=pick.randint(0, 8 * 3600))
    if moment > after:
        return moment
    soon = after + timedelta(seconds=pick.randint(40, 5400))
    if works(soon.date()) and soon.hour < 18:
        return soon
    return office(pick, after, 1)


def submission(pick: random.Random, channel: str) -> datetime:
    while True:
        day = FIRST_DAY + timedelta(days=pick.randint(0, (LAST_DAY - FIRST_DAY).days))
        if channel in ANY_HOUR:
            return datetime(day.year, day.month, day.day) + timedelta(seconds=pick.randint(6 * 3600, 23 * 3600))
        if works(day):
            return datetime(day.year, day.month, day.day, 8, 30) + timedelta(seconds=pick.randint(0, 8 * 3600))


def path(pick: random.Random, service: Service | None, channel: str, loops: int) -> tuple[list[Event], str | None]:
    """The events of a request from its draft or submission on, and what came of it."""
    days = service.days if service else 5
    at = submission(pick, channel)
    events = []
    if channel in ELECTRONIC and pick.random() < 0.3:
        begun = at - timedelta(seconds=pick.randint(300, 3 * 86400))
        events.append(Event(begun, "melnraksts", "pieteicējs"))
        if pick.random() < 0.12:
            return events, None
    events.append(Event(at, "iesniegts", "pieteicējs"))

    def step(state: str, days: int, who: str = "izpildītājs") -> None:
        nonlocal at
        at = office(pick, at, days)
        events.append(Event(at, state, who))

    def some(share: float) -> int:
        return round(days * share * pick.uniform(0.3, 1.7))

    step("reģistrēts", pick.choice([0, 0, 0, 1, 1, 2]) if channel != "klātienē iestādē" else 0, "lietvedis")
    chance = pick.random()
    if chance < 0.03:
        step("pārsūtīts", pick.randint(0, 2), "lietvedis")
        return events, None
    if chance < 0.045:
        step("anulēts", 0, "lietvedis")
        return events, None
    step("izpildē", some(0.15), "nodaļas vadītājs")
    for _ in range(loops):
        if pick.random() < 0.2:
            step("gaida klientu", some(0.2))
            if pick.random() < 0.1:
                step("atsaukts", pick.randint(1, 10), "pieteicējs")
                return events, "atsaukts"
            step("izpildē", pick.randint(1, 9), "pieteicējs")
    if pick.random() < 0.12:
        step("gaida trešo pusi", some(0.1))
        step("izpildē", pick.randint(2, 12), "cita iestāde")
    if pick.random() < 0.05:
        step("apturēts", some(0.1), "nodaļas vadītājs")
        step("izpildē", pick.randint(5, 30), "nodaļas vadītājs")
    refused = pick.random() < 0.09
    if days > 1:
        step("lēmums pieņemts", some(0.45), "nodaļas vadītājs")
    if not refused and pick.random() < 0.2:
        step("gatavs saņemšanai", pick.randint(0, 1), "lietvedis")
    step("atteikts" if refused else "pabeigts", some(0.15), "lietvedis")
    if pick.random() < (0.3 if refused else 0.015):
        step("apstrīdēts", pick.randint(3, 20), "pieteicējs")
    elif not refused and pick.random() < 0.04:
        step("atkārtoti atvērts", pick.randint(1, 15), "nodaļas vadītājs")
        step("izpildē", 1)
        step("pabeigts", some(0.3) + 1, "lietvedis")
    result = "atteikts" if refused else pick.choices(["piešķirts", "daļēji piešķirts"], [12, 1])[0]
    return events, result


def requests(
    pick: random.Random,
    count: int,
    services: list[Service],
    kinds: dict[str, int],
    number,
    people: list[Applicant],
    firms: list[Applicant],
    rare: list[str],
    loops: int = 2,
) -> list[Request]:
    """So many requests in the order of their submission. `number(year, n)` makes their numbers, `rare` are channels
    that no service names and that a few requests come by all the same."""
    made = []
    rarely = itertools.cycle(rare)
    for _ in range(count):
        kind = pick.choices(list(kinds), list(kinds.values()))[0]
        wanted = kind == "pakalpojuma pieprasījums"
        service = pick.choices(services, [s.weight for s in services])[0] if wanted or pick.random() < 0.3 else None
        channels = service.channels if service else ["e-pasts", "tālrunis", "klātienē iestādē", "e-adrese"]
        channel = next(rarely) if pick.random() < 0.06 else pick.choices(channels, range(len(channels), 0, -1))[0]
        events, result = path(pick, service if wanted else None, channel, loops)
        # Some are left lying: their last events never came.
        kept = len(events) if pick.random() > 0.05 else pick.randint(1, len(events))
        events = [event for event in events[:kept] if event.at <= HORIZON]
        if not events:
            continue
        applicant = pick.choice(firms if service and service.firms and pick.random() < 0.6 else people)
        due = service.due if service else 30
        request = Request("", kind, service, channel, applicant, None, None, events)
        ended = request.closed() is not None
        due = request.submitted().date() + timedelta(days=due) if due else None
        made.append(request.but(due=due, result=result if wanted and ended else None))
    made.sort(key=Request.submitted)
    numbers: dict[int, int] = {}
    for n, request in enumerate(made):
        year = request.submitted().year
        numbers[year] = numbers.get(year, 0) + 1
        made[n] = request.but(no=number(year, numbers[year]))
    return made
