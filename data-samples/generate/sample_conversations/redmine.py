"""Mēru un svaru dienests: Redmine 5. https://www.redmine.org/projects/redmine/wiki/Rest_Issues"""

from .common import Conversation, utc

# 9 was deleted from the list of statuses since.
STATUSES = {1: "Jauns", 2: "Izpildē", 3: "Atrisināts", 4: "Precizēšana", 5: "Slēgts", 6: "Noraidīts", 7: "Reģistrēts"}
CLOSED = (5, 6)
CLERKS = {11: "Ilze Mērniece", 12: "Andris Svarenieks"}

# number, service, channel, applicant, personal code, due, created, changes of status (when, to)
ISSUES = [
    (2101, "0010", "klātienē", "Vilnis Tirgonis", "120374-10012", "2024-05-17", "2024-05-02 09:15",
     [("2024-05-02 11:40", 7), ("2024-05-06 08:30", 2), ("2024-05-13 15:10", 3), ("2024-05-15 10:05", 5)]),
    (2104, "0011", "e-adrese", "SIA „Degviela ceļā”", "", "2024-05-24", "2024-05-03 13:20",
     [("2024-05-06 09:00", 7), ("2024-05-08 10:15", 2), ("2024-05-09 09:30", 4), ("2024-05-14 14:45", 2),
      ("2024-05-22 16:00", 5)]),
    (2107, "0012", "klātienē", "Aivars Braucējs", "050681-10034", "", "2024-05-07 08:05",
     [("2024-05-07 08:20", 2), ("2024-05-07 09:10", 5)]),
    (2110, "0013", "pasts", "SIA „Precīzā laboratorija”", "", "2024-06-28", "2024-05-14 10:30",
     [("2024-05-15 09:45", 7), ("2024-05-20 08:15", 2), ("2024-06-11 13:30", 3), ("2024-06-14 09:00", 5)]),
    (2113, "0014", "e-adrese", "SIA „Jaunie skaitītāji”", "", "2024-06-20", "2024-05-21 15:55",
     [("2024-05-22 09:20", 7), ("2024-05-27 10:10", 2), ("2024-06-17 11:25", 6)]),
    (2116, "0016", "tālrunis", "Maruta Pircēja", "290258-10056", "", "2024-05-28 12:10",
     [("2024-05-28 12:30", 7), ("2024-05-30 09:05", 2), ("2024-06-06 15:40", 5)]),
    (2119, "0010", "e-adrese", "SIA „Tirgus stends”", "", "2024-06-14", "2024-06-03 09:45",
     [("2024-06-03 14:10", 7), ("2024-06-05 08:50", 2), ("2024-06-12 10:20", 9), ("2024-06-13 11:00", 5)]),
    (2122, "0019", "klātienē", "Dzintra Gredzena", "171190-10078", "", "2024-06-10 16:20",
     [("2024-06-11 09:15", 2), ("2024-06-12 13:35", 3)]),
    (2125, "0010", "klātienē", "Kaspars Svērējs", "320145-10090", "2024-07-05", "2024-06-19 11:05",
     [("2024-06-19 15:25", 7), ("2024-06-25 09:40", 2), ("2024-07-02 14:15", 4)]),
    (2128, "0020", "e-adrese", "SIA „Mērījumu centrs”", "", "2024-07-26", "2024-06-26 10:50",
     [("2024-06-27 08:35", 7)]),
    (2131, "0011", "e-adrese", "SIA „Degviela ceļā”", "", "2024-07-19", "2024-07-04 09:30", []),
]
# Number of an issue -> change that its journal shows to nobody but the managers.
PRIVATE = {2113: 1}


def moment(text):
    return utc(text, "%Y-%m-%dT%H:%M:%SZ")


def status(number):
    name = STATUSES.get(number, "Atdots laboratorijai")
    return {"id": number, "name": name, "is_closed": number in CLOSED}


def listed(issue):
    number, service, channel, applicant, code, due, created, changes = issue
    last = changes[-1] if changes else (created, 1)
    text = f"Iesniedzējs: {applicant}" + (f", personas kods {code}" if code else "")
    return {
        "id": number,
        "project": {"id": 3, "name": "Klientu iesniegumi"},
        "tracker": {"id": 4, "name": "Iesniegums"},
        "status": status(last[1]),
        "priority": {"id": 2, "name": "Parasta"},
        "author": {"id": 11, "name": CLERKS[11]},
        "subject": applicant,
        "description": text,
        "start_date": created[:10],
        "due_date": due or None,
        "done_ratio": 0,
        "is_private": False,
        "custom_fields": [
            {"id": 1, "name": "Pakalpojums", "value": service},
            {"id": 2, "name": "Saņemšanas veids", "value": channel},
            {"id": 3, "name": "Personas kods", "value": code},
        ],
        "created_on": moment(created),
        "updated_on": moment(last[0]),
        "closed_on": moment(last[0]) if last[1] in CLOSED else None,
    }


def journals(issue):
    number, *_, changes = issue
    before, entries = 1, []
    for index, (when, after) in enumerate(changes):
        details = [{"property": "attr", "name": "status_id", "old_value": str(before), "new_value": str(after)}]
        if after == 2:
            details.insert(0, {"property": "attr", "name": "assigned_to_id", "old_value": None, "new_value": "12"})
        entry = {
            "id": number * 10 + index,
            "user": {"id": 12, "name": CLERKS[12]},
            "notes": f"Sazinājos ar iesniedzēju ({issue[3]})." if after == 4 else "",
            "created_on": moment(when),
            "private_notes": False,
            "details": details,
        }
        if PRIVATE.get(number) != index:
            entries.append(entry)
        before = after
    return entries


def write():
    conversation = Conversation("meru-un-svaru-dienests-redmine")
    answer = {"user": {"id": 21, "login": "vienkop", "firstname": "Datu", "lastname": "nodošana", "admin": False}}
    conversation.exchange("users/current.json", answer)
    query = {"limit": 100, "offset": 0, "sort": "updated_on,id", "status_id": "*"}
    found = sorted((listed(issue) for issue in ISSUES), key=lambda issue: (issue["updated_on"], issue["id"]))

    def page(issues):
        return {"issues": issues, "total_count": len(issues), "offset": 0, "limit": 100}

    conversation.exchange("issues.json", page(found), query)
    for issue in ISSUES:
        answer = {"issue": {**listed(issue), "journals": journals(issue)}}
        conversation.exchange(f"issues/{issue[0]}.json", answer, {"include": "journals"})
    answer = {"issue_statuses": [status(number) for number in sorted(STATUSES)]}
    conversation.exchange("issue_statuses.json", answer)
    # What the next runs ask for: what has changed since, of which there is nothing but the last one again.
    query = {**query, "updated_on": ">=" + found[-1]["updated_on"]}
    conversation.exchange("issues.json", page(found[-1:]), query, any_value=["updated_on"])
