"""Mēru un svaru dienests: applications kept as a SharePoint list, as Microsoft Graph gives its items.
https://learn.microsoft.com/en-us/graph/api/listitem-list?view=graph-rest-1.0"""

from .common import Conversation

SITE = (
    "meru-svaru-dienests.sharepoint.example,5f7b2c1e-0d4a-4e63-9a37-1b2f6f0c8d21,9ab41c77-3f52-4c0d-8e6b-7c5d2a90e413"
)
ITEMS = f"https://graph.microsoft.com/v1.0/sites/{SITE}/lists/Pieteikumi/items"
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#sites('root')/lists('Pieteikumi')/items"
# Internal names: what is no letter of English or no digit is written by its code.
COLUMNS = [
    "Title", "Pakalpojums", "Kan_x0101_ls", "Iesniedz_x0113_js", "Statuss", "Sa_x0146_emts", "Izpild_x012b_",
    "Piepras_x012b_ts", "Pabeigts", "Atteikts", "Modified",
]  # fmt: skip
QUERY = {"$select": "id", "$expand": f"fields($select={','.join(COLUMNS)})", "$top": 10}
# What the list calls the item that its second page begins after: Paged=TRUE&p_ID=10.
TOKEN = "UGFnZWQ9VFJVRSZwX0lEPTEw"
PAGE = 10

# Number, service, channel, applicant, state; received, begun, more information asked for, done, refused.
ROWS = [
    ("MSD-24-0101", "0010", "Klātienē", "Uzņēmējs", "Pabeigts",
     "2024-03-04T07:20:00Z", "2024-03-05T06:10:00Z", None, "2024-03-06T13:45:00Z", None),
    ("MSD-24-0102", "0011", "E-adrese", "Uzņēmējs", "Pabeigts",
     "2024-03-11T08:02:00Z", "2024-03-13T07:30:00Z", None, "2024-03-21T11:15:00Z", None),
    ("MSD-24-0103", "0012", "Klātienē", "Uzņēmējs", "Pabeigts",
     "2024-03-18T09:40:00Z", "2024-03-18T11:05:00Z", None, "2024-03-19T08:25:00Z", None),
    ("MSD-24-0104", "0013", "E-pasts", "Iestāde", "Pabeigts",
     "2024-03-25T12:31:00Z", "2024-03-27T06:45:00Z", "2024-04-02T08:00:00Z", "2024-04-26T10:50:00Z", None),
    ("MSD-24-0105", "0014", "Pasts", "Uzņēmējs", "Atteikts",
     "2024-04-03T06:55:00Z", "2024-04-08T07:15:00Z", "2024-04-10T12:00:00Z", None, "2024-05-22T09:30:00Z"),
    ("MSD-24-0106", "0016", "E-adrese", "Iedzīvotājs", "Pabeigts",
     "2024-04-09T17:48:00Z", "2024-04-10T06:20:00Z", None, "2024-04-24T12:05:00Z", None),
    ("MSD-24-0107", "0010", "Klātienē", "Uzņēmējs", "Pabeigts",
     "2024-04-16T07:05:00Z", "2024-04-16T07:50:00Z", None, "2024-04-17T10:40:00Z", None),
    ("MSD-24-0108", "0019", "Klātienē", "Iedzīvotājs", "Izsniegts",
     "2024-04-22T10:12:00Z", "2024-04-22T10:30:00Z", None, "2024-04-22T11:02:00Z", None),
    # No service has this code.
    ("MSD-24-0109", "0099", "E-pasts", "Uzņēmējs", "Izpildē",
     "2024-04-29T08:18:00Z", "2024-04-30T06:40:00Z", None, None, None),
    # Done a month before it was received.
    ("MSD-24-0110", "0012", "Klātienē", "Uzņēmējs", "Pabeigts",
     "2024-05-06T09:25:00Z", "2024-05-06T10:00:00Z", None, "2024-04-06T12:00:00Z", None),
    # No number.
    (None, "0015", "Pasts", "Uzņēmējs", "Jauns", "2024-05-10T06:30:00Z", None, None, None, None),
    # A state that nobody knows.
    ("MSD-24-0112", "0013", "E-adrese", "Iestāde", "Nodots laboratorijai Nr. 2",
     "2024-05-14T07:44:00Z", "2024-05-15T06:15:00Z", None, None, None),
    # The number twice, on another channel.
    ("MSD-24-0113", "0016", "E-pasts", "Iedzīvotājs", "Izpildē",
     "2024-05-20T15:10:00Z", "2024-05-21T06:50:00Z", None, None, None),
    ("MSD-24-0113", "0016", "E-adrese", "Iedzīvotājs", "Izpildē",
     "2024-05-20T15:10:00Z", "2024-05-21T06:50:00Z", None, None, None),
    ("MSD-24-0114", "0020", "E-adrese", "Uzņēmējs", "Gaida klientu",
     "2024-05-28T08:36:00Z", "2024-05-30T07:05:00Z", "2024-06-04T11:20:00Z", None, None),
    # Small letters and a no-break space.
    ("msd-24-0115\u00a0", "0010", "Klātienē", "Uzņēmējs", "pabeigts",
     "2024-06-11T06:58:00Z", "2024-06-11T08:10:00Z", None, "2024-06-12T09:33:00Z", None),
    # A code that lost its zeros.
    ("MSD-24-0116", "11", "E-adrese", "Uzņēmējs", "Izpildē",
     "2024-06-18T09:05:00Z", "2024-06-20T07:00:00Z", None, None, None),
    ("MSD-24-0117", "0018", "API", "Iestāde", "Jauns", "2024-06-27T12:40:00Z", None, None, None, None),
]  # fmt: skip


def item(number, row):
    """An item as Graph gives it: a column without a value is not there."""
    times = [time for time in row[5:] if time]
    version = f'"{number:08x}-4c1f-4b6e-9a52-0d8f3e7b{number:04x},{1 + len(times)}"'
    fields = zip(COLUMNS, [*row, max(times)], strict=True)
    return {
        "@odata.etag": version,
        "id": str(number),
        "fields@odata.context": f"{CONTEXT}('{number}')/fields/$entity",
        "fields": {"@odata.etag": version} | {name: value for name, value in fields if value},
    }


def write():
    conversation = Conversation("meru-un-svaru-dienests-sharepoint")
    items = [item(number, row) for number, row in enumerate(ROWS, 1)]
    query = "&".join(f"{name}={value}" for name, value in QUERY.items())
    link = {"@odata.nextLink": f"{ITEMS}?{query}&$skiptoken={TOKEN}"}
    context = {"@odata.context": f"{CONTEXT}(id,fields())"}
    conversation.exchange("items", context | link | {"value": items[:PAGE]}, query=QUERY)
    conversation.exchange("items", context | {"value": items[PAGE:]}, query=QUERY | {"$skiptoken": TOKEN})
    # What has changed since, with two minutes of overlap: nothing but the last one again.
    latest = max(items, key=lambda each: each["fields"]["Modified"])
    changed = context | {"value": [latest]}
    conversation.exchange("items", changed, query=QUERY | {"$filter": ""}, any_value=["$filter"])
