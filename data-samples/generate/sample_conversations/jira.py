"""Viesturciema valstspilsētas pašvaldība: Jira Data Center 9 with Service Management.
https://developer.atlassian.com/server/jira/platform/rest-apis/"""

from .common import Conversation, riga

# jira.search.views.default.max of this installation.
MOST = 6
STATES = {
    "S": "Waiting for support", "P": "In Progress", "C": "Waiting for customer", "A": "Waiting for approval",
    "R": "Resolved", "X": "Canceled", "D": "Closed", "N": "Nodots juristam",
}

# number, service, channel, personal code, due, created, changes of status (when, to)
ISSUES = [
    (811, "1.1", "klātienē", "140592-11013", None, "2024-05-06 09:40",
     [("2024-05-06 10:05", "P"), ("2024-05-10 14:20", "R"), ("2024-05-13 09:00", "D")]),
    (814, "1.11", "klātienē", "220367-11025", "2024-06-06", "2024-05-07 11:15",
     [("2024-05-08 08:45", "P"), ("2024-05-09 13:30", "C"), ("2024-05-20 16:10", "P"), ("2024-05-27 10:40", "D")]),
    (818, "2.1", "e-lietotne", "301185-11047", None, "2024-05-13 20:35",
     [("2024-05-14 08:30", "P"), ("2024-05-14 09:05", "D")]),
    (822, "3.2", "e-adrese", "080449-11069", "2024-06-14", "2024-05-15 12:00",
     [("2024-05-16 09:10", "P"), ("2024-05-24 15:45", "A"), ("2024-06-03 11:20", "P"), ("2024-06-10 13:05", "D")]),
    (825, "4.2", "e-pasts", "191279-11081", "2024-06-28", "2024-05-28 14:25",
     [("2024-05-29 10:00", "P"), ("2024-06-05 09:35", "N"), ("2024-06-18 14:50", "P"), ("2024-06-25 10:15", "D")]),
    (829, "1.12", "klātienē", "030340-11092", None, "2024-06-04 10:20",
     [("2024-06-04 15:30", "P"), ("2024-06-13 09:25", "C"), ("2024-06-20 11:40", "X")]),
    (833, "1.2", "e-lietotne", "250788-11104", None, "2024-06-11 22:10",
     [("2024-06-12 09:15", "P"), ("2024-06-21 16:00", "R"), ("2024-07-01 09:00", "D")]),
    (837, "5.1", "e-forma", "", "2024-07-12", "2024-06-17 13:50",
     [("2024-06-18 08:40", "P"), ("2024-07-03 15:20", "A")]),
    (840, "2.3", "e-adrese", "110971-11126", "2024-07-25", "2024-06-25 09:05", [("2024-06-26 10:30", "P")]),
    (844, "3.1", "klātienē", "270563-11138", None, "2024-07-05 11:45", []),
]


def moment(text):
    return riga(text).strftime("%Y-%m-%dT%H:%M:00.000%z")


def history(number, index, when, items):
    author = {"name": "ieva.liepa", "key": "JIRAUSER10211", "displayName": "Ieva Liepa", "active": True}
    return {"id": str(number * 100 + index), "author": author, "created": moment(when), "items": items}


def record(issue):
    number, service, channel, code, due, created, changes = issue
    before, histories = "S", []
    for index, (when, after) in enumerate(changes):
        items = [{
            "field": "status", "fieldtype": "jira", "from": str(10000 + ord(before)), "fromString": STATES[before],
            "to": str(10000 + ord(after)), "toString": STATES[after],
        }]
        if index == 0:
            # What people change in a text stands in the log with its words.
            items.append({
                "field": "description", "fieldtype": "jira", "from": None, "fromString": "",
                "to": None, "toString": f"Iesniedzējas Zane Paraudziņa, p.k. {code or 'nav'}",
            })
        histories.append(history(number, index, when, items))
        before = after
    return {
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
        "id": str(30000 + number),
        "self": f"https://pieteikumi.viesturciems.example/rest/api/2/issue/{30000 + number}",
        "key": f"KAC-{number}",
        "changelog": {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories},
        "fields": {
            "created": moment(created),
            "updated": moment(changes[-1][0] if changes else created),
            "duedate": due,
            "status": {"id": str(10000 + ord(before)), "name": STATES[before]},
            "customfield_10201": {"id": "1", "value": service},
            "customfield_10202": {"id": "2", "value": channel},
            "customfield_10203": code or None,
        },
    }


def write():
    conversation = Conversation("viesturciems-jira")
    account = {"name": "vienkop", "key": "JIRAUSER10305", "emailAddress": "vienkop@viesturciems.example", "active": True}
    conversation.exchange("rest/api/2/myself", account)
    found = sorted((record(issue) for issue in ISSUES), key=lambda issue: (issue["fields"]["updated"], issue["key"]))
    fields = "status,created,updated,duedate,customfield_10201,customfield_10202,customfield_10203"
    order = "ORDER BY updated ASC, key ASC"

    def page(start, issues, total):
        return {"expand": "names,schema", "startAt": start, "maxResults": MOST, "total": total, "issues": issues}

    def query(start, since):
        jql = f'updated >= "{since}" AND updated <= "2199-12-31 23:59" {order}'
        return {"expand": "changelog", "fields": fields, "jql": jql, "startAt": start, "maxResults": 100}

    start = 0
    while True:
        part = found[start : start + MOST]
        conversation.exchange("rest/api/2/search", page(start, part, len(found)), query(start, "1970-01-01 00:00"))
        if start + len(part) >= len(found):
            break
        # The last record of a page is asked for again with the next one.
        start += len(part) - 1
    # What the next runs ask for: what has changed since the day before the last change.
    conversation.exchange("rest/api/2/search", page(0, found[-1:], 1), query(0, "1970-01-01 00:00"), any_value=["jql"])
