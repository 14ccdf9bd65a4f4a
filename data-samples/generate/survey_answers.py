"""What every respondent answered: the known counts of the 2024 survey, dealt to the respondents."""

import random

# Figures 6 and 7 together: (registered in VIRSIS, other solution) -> respondents.
REGISTRATION = {("yes", "no"): 73, ("yes", "yes"): 23, ("no", "yes"): 33, ("no", "no"): 16}

# question -> (yes, no); the rest of the respondents left it empty.
YES_NO = {
    "self-service-website": (55, 90),
    "self-service-app": (25, 120),
    "kpi-measured": (72, 73),
    "feedback-possible": (112, 24),
    "finance-planned": (88, 45),
    "in-person-registered": (98, 36),
    "knowledge-base": (92, 44),
    "surveys-conducted": (127, 18),
}

# question -> (respondents that name a system, yes/no question they said yes to, system -> mentions).
# Names that no code list knows stand here as they are written.
SYSTEMS = {
    "other-solution-which": (50, "other-solution", {
        "Namejs": 17, "Excel": 14, "tīmekļvietne": 11, "pašu izstrādāts risinājums": 9, "Lietvaris": 4,
    }),
    "request-systems": (91, None, {
        "Namejs": 29, "Redmine": 17, "Lietvaris": 13, "Jira": 11, "Ivanti": 9, "OTRS": 6, "nozares sistēma": 5,
        "SharePoint": 4, "DocLogix": 4, "Microsoft Service Manager": 3, "Horizon": 3, "JAMA": 2,
        "Pilsētas pieteikumu portāls": 1, "KlientuPults": 1,
    }),
    "finance-systems": (84, "finance-planned", {
        "Excel": 48, "MicroStrategy": 17, "Power BI": 14, "Horizon": 12, "Jedox": 8, "GVEDIS": 5, "BUDZIS": 4,
        "Qlik Sense": 3, "Namejs": 3, "Visma HoP": 2, "KADRI": 2, "Finanšu panelis": 1,
    }),
    "in-person-with-what": (82, "in-person-registered", {
        "Namejs": 38, "Lietvaris": 15, "Excel": 9, "DocLogix": 8, "nozares sistēma": 7, "EDUS": 6, "Jira": 4,
        "Ivanti": 3,
    }),
    "monitoring-tools": (50, None, {
        "Zabbix": 34, "Graylog": 7, "Grafana": 6, "Postman": 5, "Splunk": 4, "ESET Cloud": 3, "Zabix": 1,
    }),
    "knowledge-base-systems": (86, "knowledge-base", {
        "tīmekļvietne": 47, "SharePoint": 14, "intranets": 12, "Microsoft Teams": 9, "Wiki": 7, "Zintis": 6,
        "Moodle": 4, "Ivanti": 3,
    }),
    "survey-tools": (118, "surveys-conducted", {
        "Google Forms": 58, "Microsoft Forms": 41, "visidati.lv": 22, "Edurio": 11,
    }),
    "accounting-systems": (118, None, {
        "Horizon": 61, "GVEDIS": 19, "Visma HoP": 13, "KADRI": 9, "Tildes Jumis": 8, "Axapta": 5, "Navision": 4,
        "HansaWorld": 3, "Rēķinvedis": 1,
    }),
    "hr-systems": (104, None, {
        "Horizon": 55, "Visma HoP": 21, "KADRI": 15, "Namejs": 10, "EDUS": 4, "Axapta": 3, "PAVS": 2,
    }),
    "records-systems": (128, None, {
        "Namejs": 66, "Lietvaris": 27, "DocLogix": 15, "EDUS": 9, "ALS": 6, "SharePoint": 5,
        "pašu izstrādāts risinājums": 3, "Lietvars": 1,
    }),
}

OPTIONS = {
    "kpi-aspects": (70, "kpi-measured", {
        "Pakalpojuma izpildes laiks": 61,
        "Klientu apmierinātība par sniegto pakalpojumu": 54,
        "Pakalpojuma kvalitāte": 43,
        "Sniegto pakalpojumu skaits": 35,
        "Izmaksas, kas rodas pakalpojuma sniegšanā": 14,
        "Atteikumu skaits": 9,
    }),
}

FEEDBACK_CHANNELS = [
    "telefoniski, e-pastā", "e-pastā", "aptaujas veidā", "iestādes sociālajos tīklos un tīmekļvietnē",
    "pie pakalpojuma apraksta Latvija.gov.lv", "klātienē, anketas veidā", "e-pastā, sociālajos tīklos",
]

# Answers of those who use no request system; None is an empty cell.
NO_SYSTEM = [
    "nav", "-", None, "tālrunis, e-pasts", "žurnāls", "dokumentu reģistrācijas žurnāls", "Neizmanto", "Nav",
    "e-pasts, dokumentu reģistrācijas žurnāls", "tālrunis, e-pasts, citi kanāli",
]
# The same for other questions: mostly left empty.
NO_SYSTEM_OTHER = [None, None, None, "nav", "-", "neizmanto"]

Answer = str | list[str] | None


def deal(rng: random.Random, people: list[str], users: int, mentions: dict[str, int]) -> dict[str, list[str]]:
    """Gives each of `users` people at least one name and nobody the same name twice."""
    assert len(people) >= users and max(mentions.values()) <= users <= sum(mentions.values()), mentions
    chosen = rng.sample(people, users)
    given: dict[str, list[str]] = {person: [] for person in chosen}
    hands = [name for name, count in mentions.items() for _ in range(count)]
    for index, name in enumerate(hands):
        given[chosen[index % users]].append(name)
    return given


def build(rng: random.Random, people: list[str]) -> dict[str, dict[str, Answer]]:
    """Registration number -> question -> answer. Lists hold names, to be spelled and joined by the writer."""
    answers: dict[str, dict[str, Answer]] = {person: {} for person in people}

    pairs = [pair for pair, count in REGISTRATION.items() for _ in range(count)]
    assert len(pairs) == len(people)
    rng.shuffle(pairs)
    for person, (virsis, other) in zip(people, pairs, strict=True):
        answers[person] |= {"virsis-registered": virsis, "other-solution": other}

    for question, (yes, no) in YES_NO.items():
        values = ["yes"] * yes + ["no"] * no + [None] * (len(people) - yes - no)
        rng.shuffle(values)
        for person, value in zip(people, values, strict=True):
            answers[person][question] = value

    for question, (users, condition, mentions) in (SYSTEMS | OPTIONS).items():
        may_answer = [p for p in people if condition is None or answers[p][condition] == "yes"]
        given = deal(rng, may_answer, users, mentions)
        rest = NO_SYSTEM if question == "request-systems" else NO_SYSTEM_OTHER
        turn = 0
        for person in people:
            if person in given:
                answers[person][question] = given[person]
            elif condition is None:
                answers[person][question] = rest[turn % len(rest)]
                turn += 1
            else:
                answers[person][question] = None

    for person in people:
        channel = rng.choice(FEEDBACK_CHANNELS) if answers[person]["feedback-possible"] == "yes" else None
        answers[person]["feedback-channel"] = channel if rng.random() > 0.1 else None
    return answers


def earlier(answer: dict[str, Answer]) -> dict[str, Answer]:
    """A first try of somebody who answers again: differs in figures with known counts."""
    opposite = {"yes": "no", "no": "yes"}
    first = dict(answer)
    for question in ("virsis-registered", "self-service-website", "kpi-measured", "surveys-conducted"):
        first[question] = opposite[str(answer[question])]
    first["request-systems"] = "nav" if isinstance(answer["request-systems"], list) else ["Redmine"]
    return first
