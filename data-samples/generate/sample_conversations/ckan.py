"""Viesturciema valstspilsētas pašvaldība: statuses of e-services as open data, as the DataStore of data.gov.lv gives them.
https://docs.ckan.org/en/latest/maintaining/datastore.html

The columns Application and Status are those that Riga publishes its own by.
"""

from .common import Conversation

RESOURCE = "c1f0a7d2-6b3e-4a58-9d47-2e8b5f90a613"
PAGE = 10
COLUMNS = ["RequestNo", "ServiceCode", "Application", "Status", "StatusDate", "Channel"]
NAMES = {
    "1.1": "Pabalsts sakarā ar bērna piedzimšanu",
    "1.2": "Bērnu pieteikšana bērnudārzā",
    "1.11": "Dzīvokļa pabalsts",
    "2.1": "Dzīvesvietas deklarēšana",
    "2.3": "Apbedīšanas pabalsts",
    "3.1": "NĪN atvieglojumi",
    "4.2": "Koku ciršana ārpus meža",
    "5.1": "Publiska pasākuma saskaņošana",
    "9.9": "Tirdzniecības atļauja",
}
PORTAL = "Latvija.gov.lv"

# Number, service, channel, then its states and local times.
REQUESTS = [
    ("VC-24-2001", "1.1", PORTAL, ("Iesniegts", "2024-04-02T21:14:09"), ("Izskatīšanā", "2024-04-03T09:31:40"),
     ("Lēmums pieņemts", "2024-04-09T15:02:11"), ("Izpildīts", "2024-04-10T10:00:00")),
    ("VC-24-2002", "2.1", PORTAL, ("Iesniegts", "2024-04-04T12:40:22"), ("Izpildīts", "2024-04-04T16:05:51")),
    ("VC-24-2003", "4.2", "klātienē", ("Iesniegts", "2024-04-08T10:18:37"), ("Izskatīšanā", "2024-04-09T08:45:00"),
     ("Nepieciešama papildu informācija", "2024-04-11T14:20:19"), ("Izskatīšanā", "2024-04-17T09:05:03"),
     ("Lēmums pieņemts", "2024-05-06T13:33:30"), ("Izpildīts", "2024-05-07T09:12:00")),
    ("VC-24-2004", "3.1", PORTAL, ("Iesniegts", "2024-04-15T18:55:01"), ("Izskatīšanā", "2024-04-16T10:10:10"),
     ("Atteikts", "2024-04-26T11:47:28")),
    # A state that nobody knows.
    ("VC-24-2005", "1.2", PORTAL, ("Iesniegts", "2024-04-22T07:59:59"), ("Nodots PAM", "2024-04-22T08:00:03"),
     ("Izskatīšanā", "2024-04-23T09:40:00"), ("Izpildīts", "2024-05-02T12:00:00")),
    # There is no such day.
    ("VC-24-2006", "2.3", "klātienē", ("Iesniegts", "2024-04-29T13:20:45"), ("Izskatīšanā", "2024-04-31T09:00:00"),
     ("Izpildīts", "2024-05-03T15:30:00")),
    # A row twice.
    ("VC-24-2007", "2.1", PORTAL, ("Iesniegts", "2024-05-08T20:31:12"), ("Izpildīts", "2024-05-09T09:27:44"),
     ("Izpildīts", "2024-05-09T09:27:44")),
    # No service has this code.
    ("VC-24-2008", "9.9", PORTAL, ("Iesniegts", "2024-05-13T11:11:11"), ("Izpildīts", "2024-05-14T10:10:10")),
    # No number.
    (None, "1.11", PORTAL, ("Iesniegts", "2024-05-20T16:42:00")),
    ("VC-24-2010", "5.1", "e-adrese", ("Iesniegts", "2024-05-27T09:03:33"), ("Pāradresēts", "2024-05-28T14:26:00")),
    # Worked on after it was done.
    ("VC-24-2011", "1.11", PORTAL, ("Iesniegts", "2024-06-03T19:08:54"), ("Izpildīts", "2024-06-05T10:00:00"),
     ("Izskatīšanā", "2024-06-06T09:15:00")),
    ("VC-24-2012", "1.1", PORTAL, ("Iesniegts", "2024-06-25T22:47:31"), ("Izskatīšanā", "2024-06-26T10:20:00")),
]  # fmt: skip


def records():
    rows = [
        (number, service, NAMES[service], state, time, channel)
        for number, service, channel, *states in REQUESTS
        for state, time in states
    ]
    return [{"_id": place} | dict(zip(COLUMNS, row, strict=True)) for place, row in enumerate(rows, 1)]


def write():
    conversation = Conversation("viesturciems-statusi")
    all_of_them = records()
    fields = [{"id": "_id", "type": "int"}] + [{"id": name, "type": "text"} for name in COLUMNS]
    offset = received = 0
    while received < len(all_of_them):
        page = all_of_them[offset : offset + PAGE]
        received = offset + len(page)
        query = {"resource_id": RESOURCE, "sort": "_id", "limit": PAGE, "offset": offset}
        start = f"/api/3/action/datastore_search?resource_id={RESOURCE}&sort=_id&limit={PAGE}"
        answer = {
            "help": "https://data.gov.lv/dati/api/3/action/help_show?name=datastore_search",
            "success": True,
            "result": {
                "include_total": True,
                "limit": PAGE,
                "offset": offset,
                "records_format": "objects",
                "resource_id": RESOURCE,
                "sort": "_id",
                "total_estimation_threshold": None,
                "records": page,
                "fields": fields,
                "_links": {"start": start, "next": f"{start}&offset={offset + PAGE}"},
                "total": len(all_of_them),
                "total_was_estimated": False,
            },
        }
        conversation.exchange("datastore_search", answer, query=query)
        # The last row of a page is asked for again: the table may have been published anew meanwhile.
        offset = received - 1
