"""Mežmalas sociālās aprūpes centrs: Znuny 6.5 with the web service docs/deployment/znuny/vienkop.yml.
https://github.com/znuny/Znuny/tree/dev/Kernel/GenericInterface/Operation/Ticket"""

from .common import Conversation, utc

SERVICES = {
    "0101": "Ilgstoša sociālā aprūpe", "0102": "Īslaicīgā sociālā aprūpe", "0103": "Dienas aprūpes centrs",
    "0104": "Silto pusdienu piegāde mājās", "0111": "Atelpas brīža pakalpojums",
}
STATE_IDS = {
    "new": 1, "closed successful": 2, "closed unsuccessful": 3, "open": 4, "removed": 5, "pending reminder": 6,
    "pending auto close+": 7, "merged": 9, "Gaida atzinumu": 12,
}

# id, number, service, channel, title with a person, personal code, created, changes of state (when, to)
TICKETS = [
    (41, "2024050210000017", "0103", "tālrunis", "Lidija Saulīte: vieta dienas centrā", "160540-12011",
     "2024-05-02 08:50",
     [("2024-05-02 09:30", "open"), ("2024-05-03 10:00", "pending reminder"), ("2024-05-08 09:15", "open"),
      ("2024-05-10 14:05", "closed successful")]),
    (42, "2024050610000024", "0104", "e-pasts", "Pusdienas mātei (Jānis Ozoliņš)", "020238-12033", "2024-05-06 12:15",
     [("2024-05-06 13:40", "open"), ("2024-05-07 10:20", "closed successful")]),
    (44, "2024051310000041", "0101", "pasts", "Iesniegums par ilgstošu aprūpi, Alma Kalniņa", "190132-12055",
     "2024-05-13 10:05",
     [("2024-05-13 15:20", "open"), ("2024-05-16 11:30", "Gaida atzinumu"), ("2024-06-05 09:45", "open"),
      ("2024-06-12 16:10", "closed successful")]),
    (45, "2024051510000013", "0111", "klātienē", "Atelpas brīdis, Sarmīte Bērziņa", "071176-12077", "2024-05-15 14:30",
     [("2024-05-16 08:40", "open"), ("2024-05-22 13:00", "pending auto close+"), ("2024-06-05 13:00", "closed successful")]),
    # The answer to a mail opens a closed ticket again.
    (47, "2024052710000032", "0102", "e-pasts", "Re: īslaicīgā aprūpe pēc operācijas", "241051-12099",
     "2024-05-27 09:10",
     [("2024-05-27 11:25", "open"), ("2024-05-31 15:50", "closed successful"), ("2024-06-03 08:20", "open"),
      ("2024-06-07 12:30", "closed successful")]),
    (48, "2024060410000058", "0103", "tālrunis", "Otrreiz: Lidija Saulīte", "160540-12011", "2024-06-04 10:40",
     [("2024-06-04 11:15", "merged")]),
    (50, "2024061810000029", "0101", "klātienē", "Iesniegums, Arvīds Vītols", "130435-12110", "2024-06-18 13:20",
     [("2024-06-18 16:00", "open"), ("2024-06-27 10:10", "closed unsuccessful")]),
    (52, "2024070210000015", "0104", "tālrunis", "Pusdienas, Velta Egle", "010129-12132", "2024-07-02 09:05",
     [("2024-07-02 10:30", "open")]),
    (53, "2024070510000046", "0102", "e-pasts", "Jautājums par vietu no augusta", "", "2024-07-05 15:35", []),
]


def moment(text):
    return utc(text, "%Y-%m-%d %H:%M:00")


def ticket(row):
    number, shown, service, channel, title, code, created, changes = row
    when, state = changes[-1] if changes else (created, "new")
    return {
        "Age": 100 * number, "ArchiveFlag": "n", "ChangeBy": "7", "Changed": moment(when), "CreateBy": "1",
        "Created": moment(created), "CustomerID": "iedzivotaji", "CustomerUserID": f"klients{number}@pasts.example",
        "DynamicField": [{"Name": "Kanals", "Value": channel}, {"Name": "PersonasKods", "Value": code or None}],
        "EscalationTime": "0", "GroupID": "1", "Lock": "unlock", "LockID": "1", "Owner": "dzintars.kalns",
        "OwnerID": "7", "Priority": "3 normal", "PriorityID": "3", "Queue": "Pieteikumi", "QueueID": "5",
        "Responsible": "root@localhost", "ResponsibleID": "1",
        "Service": f"Sociālie pakalpojumi::{service} {SERVICES[service]}", "ServiceID": str(int(service)),
        "State": state, "StateID": str(STATE_IDS[state]), "TicketID": str(number), "TicketNumber": shown,
        "Title": title, "Type": "Unclassified", "TypeID": "1", "UnlockTimeout": "0", "UntilTime": 0,
    }


def history(row):
    number, shown, *_, created, changes = row
    states = ["new", *(state for _, state in changes)]

    def entry(kind, type_id, name, when, state):
        return {
            "ArticleID": 0, "CreateBy": "7", "CreateTime": moment(when), "HistoryType": kind, "HistoryTypeID": type_id,
            "Name": name, "OwnerID": "7", "PriorityID": "3", "QueueID": "5", "StateID": str(STATE_IDS[state]),
            "TicketID": str(number), "TypeID": "1",
        }

    entries = [
        entry("NewTicket", "1", f"%%{shown}%%Pieteikumi%%3 normal%%new%%{number}", created, "new"),
        entry("CustomerUpdate", "21", f"%%CustomerID=iedzivotaji;CustomerUser=klients{number}@pasts.example;", created, "new"),
    ]
    for (when, state), before in zip(changes, states):
        entries.append(entry("SendAnswer", "8", f"%%\"{row[4]}\" <klients{number}@pasts.example>", when, state))
        entries.append(entry("StateUpdate", "27", f"%%{before}%%{state}%%", when, state))
    return {"TicketHistory": [{"TicketID": str(number), "History": entries}]}


def write():
    conversation = Conversation("mezmalas-aprupes-centrs-znuny")
    search = {"Limit": 5000, "OrderBy": "Up", "SearchInArchive": "AllTickets", "SortBy": "Changed"}
    tickets = sorted(TICKETS, key=lambda row: ticket(row)["Changed"])
    ids = [str(row[0]) for row in tickets]
    conversation.exchange("TicketSearch", {"TicketID": ids}, body=search)
    answer = {"Ticket": [ticket(row) for row in tickets]}
    conversation.exchange("TicketGet", answer, body={"DynamicFields": 1, "TicketID": ",".join(ids)})
    for row in tickets:
        conversation.exchange("TicketHistoryGet", history(row), body={"TicketID": str(row[0])})
    # What the next runs ask for: what has changed since, of which there is nothing but the last one again.
    since = {**search, "TicketLastChangeTimeNewerDate": "2024-07-05 12:25:00"}
    conversation.exchange("TicketSearch", {"TicketID": ids[-1:]}, body=since, any_value=["TicketLastChangeTimeNewerDate"])
    answer = {"Ticket": [ticket(tickets[-1])]}
    conversation.exchange("TicketGet", answer, body={"DynamicFields": 1, "TicketID": ids[-1]})
