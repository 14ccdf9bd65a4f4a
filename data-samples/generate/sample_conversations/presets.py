"""Conversations with systems of which no sample source is made, one for each preset that would have none otherwise. The
tests of the presets play them (connectors/tests/rest); `vienkop run` does not import them."""

from .common import Conversation, riga


def moment(text):
    return riga(text).strftime("%Y-%m-%dT%H:%M:00.000%z")


# id, created, due, changes of status (when, to)
CLOUD = [
    (10101, "2024-05-20 09:15", None, [("2024-05-20 13:40", "In Progress"), ("2024-05-24 10:05", "Done")]),
    (10102, "2024-05-21 16:30", "2024-06-20", [("2024-05-22 08:55", "In Progress"), ("2024-05-29 11:20", "Waiting for customer")]),
    (10103, "2024-06-03 10:45", None, []),
]


def cloud_issue(issue):
    identity, created, due, changes = issue
    return {
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
        "id": str(identity),
        "self": f"https://agentura-paraugs.atlassian.net/rest/api/3/issue/{identity}",
        "key": f"PIET-{identity - 10000}",
        "fields": {
            "created": moment(created),
            "updated": moment(changes[-1][0] if changes else created),
            "duedate": due,
            "status": {"id": "3", "name": changes[-1][1] if changes else "To Do"},
        },
    }


def cloud_changes(issue):
    identity, _, _, changes = issue
    before, values = "To Do", []
    for number, (when, after) in enumerate(changes):
        author = {"accountId": f"5b10a2844c20165700ede2{number}", "displayName": "Ilze Paraudziņa", "accountType": "atlassian"}
        item = {"field": "status", "fieldtype": "jira", "fieldId": "status", "fromString": before, "toString": after}
        values.append({"id": str(identity * 10 + number), "author": author, "created": moment(when), "items": [item]})
        before = after
    return {"startAt": 0, "maxResults": 100, "total": len(values), "isLast": True, "values": values}


def jira_cloud():
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/"""
    conversation = Conversation("conversations/jira-cloud")
    conversation.exchange("rest/api/3/myself", {"accountId": "5b10a2844c20165700ede21f", "accountType": "app", "active": True})

    def query(since, token=None):
        jql = f'updated >= "{since}" ORDER BY updated ASC, key ASC'
        query = {"fields": "status,created,updated,duedate", "jql": jql, "maxResults": 100}
        return query | ({"nextPageToken": token} if token else {})

    found = sorted(CLOUD, key=lambda issue: cloud_issue(issue)["fields"]["updated"])
    first = {"issues": [cloud_issue(issue) for issue in found[:2]], "nextPageToken": "CAEaAggC", "isLast": False}
    last = {"issues": [cloud_issue(issue) for issue in found[2:]], "isLast": True}
    conversation.exchange("rest/api/3/search/jql", first, query("1970-01-01 00:00"))
    conversation.exchange("rest/api/3/search/jql", last, query("1970-01-01 00:00", "CAEaAggC"))
    for issue in found:
        conversation.exchange(f"rest/api/3/issue/{issue[0]}/changelog", cloud_changes(issue), {"startAt": 0, "maxResults": 100})
    # What later runs ask for.
    conversation.exchange("rest/api/3/search/jql", last, query("1970-01-01 00:00"), any_value=["jql"])


def odata():
    """https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html"""
    conversation = Conversation("conversations/odata")

    def rows(*rows):
        names = ["id", "Numurs", "Statuss", "Mainits"]
        return [dict(zip(names, row)) for row in rows]

    def page(count, value, token=None):
        base = "https://dati.agentura.example/odata/"
        page = {"@odata.context": f"{base}$metadata#Pieteikumi", "@odata.count": count, "value": value}
        link = f"{base}Pieteikumi?$count=true&$orderby=id&$skiptoken={token}"
        return page | ({"@odata.nextLink": link} if token else {})

    first = rows(
        (1, "P-001", "Saņemts", "2024-06-03T08:15:00Z"), (2, "P-002", "Izpildē", "2024-06-03T10:00:00Z"),
        (3, "P-003", "Pabeigts", "2024-06-04T07:45:00Z"),
    )
    second = rows((4, "P-004", "Saņemts", "2024-06-04T09:00:00Z"), (5, "P-005", "Saņemts", "2024-06-04T09:30:00Z"))
    changed = rows((2, "P-002", "Pabeigts", "2024-06-05T08:00:00Z"), (5, "P-005", "Saņemts", "2024-06-04T09:30:00Z"))
    query = {"$count": "true", "$orderby": "id"}
    conversation.exchange("Pieteikumi", page(5, first, 3), query)
    conversation.exchange("Pieteikumi", page(5, second), query | {"$skiptoken": 3})
    conversation.exchange("Pieteikumi", page(2, changed), query | {"$filter": ""}, any_value=["$filter"])


def dagr():
    """https://dagr.gov.lv; its paths and pages are invented, as in the tests."""
    conversation = Conversation("conversations/dagr")
    first = {"ieraksti": [{"kods": "M-1", "nosaukums": "Priežu sils"}, {"kods": "M-2", "nosaukums": "Purva mala"}], "nakama": "2"}
    second = {"ieraksti": [{"kods": "M-3", "nosaukums": "Egļu gārša"}]}
    conversation.exchange("izmainas/mezu_registrs", first, {"lapa": 1})
    conversation.exchange("izmainas/mezu_registrs", second, {"lapa": 1, "pec": 2})


def write():
    for conversation in [jira_cloud, odata, dagr]:
        conversation()
