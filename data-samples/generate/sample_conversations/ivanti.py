"""Zemes un ūdens dienests: Ivanti Neurons for ITSM.
https://help.ivanti.com/ht/help/en_US/ISM/2022/admin/Content/Configure/API/Get-Business-Object-by-Filter.htm"""

from .common import Conversation, utc

SELECT = "RecId,ServiceReqNumber,Status,CreatedDateTime,LastModDateTime,Service,Source,ProfileFullName"
# Records of a page, as if that were all that is given.
MOST = 5

# number, service, source, applicant, created, last change, state
REQUESTS = [
    (10412, "ZUD-001", "Self Service", "Normunds Upenieks", "2024-05-08 10:20", "2024-06-03 15:40", "Closed"),
    (10418, "ZUD-002", "Email", "SIA „Grāvis un caurteka”", "2024-05-14 09:05", "2024-06-11 11:15", "Closed"),
    (10425, "ZUD-003", "Self Service", "Biruta Lauciniece", "2024-05-21 13:30", "2024-06-19 10:50", "Fulfilled"),
    (10431, "ZUD-004", "Phone", "Gunārs Robežnieks", "2024-05-29 11:45", "2024-06-24 14:05", "Waiting for Customer"),
    (10436, "ZUD-014", "Self Service", "Inga Krastiņa", "2024-06-05 16:10", "2024-06-26 09:20", "Active"),
    (10440, "ZUD-077", "Email", "Jāzeps Ezernieks", "2024-06-10 08:35", "2024-06-12 13:00", "Cancelled"),
    (10447, "ZUD-001", "Self Service", "SIA „Zivju dīķi”", "2024-06-18 12:25", "2024-07-01 16:30", "Waiting for 3rd Party"),
    (10453, "ZUD-007", "Phone", "Skaidrīte Zemniece", "2024-06-27 10:00", "2024-06-27 10:40", "Closed"),
    (10459, "ZUD-003", "Self Service", "Raitis Arājs", "2024-07-04 09:50", "2024-07-04 09:50", "Submitted"),
]


def moment(text):
    return utc(text, "%Y-%m-%dT%H:%M:00Z")


def record(row):
    number, service, source, applicant, created, changed, state = row
    return {
        "RecId": f"{number * 0x9E3779B97F4A7C15 % (1 << 128):032X}", "ServiceReqNumber": number, "Status": state,
        "CreatedDateTime": moment(created), "LastModDateTime": moment(changed), "Service": service, "Source": source,
        "ProfileFullName": applicant,
    }


def write():
    conversation = Conversation("zemes-udens-dienests-ivanti")
    found = sorted((record(row) for row in REQUESTS), key=lambda record: record["LastModDateTime"])

    def query(skip):
        return {"$orderby": "LastModDateTime asc", "$select": SELECT, "$skip": skip, "$top": 100}

    def page(records, count):
        context = "https://zud.saasiteu.example/api/odata/$metadata#servicereqs"
        return {"@odata.context": context, "@odata.count": count, "value": records}

    skip = 0
    while True:
        part = found[skip : skip + MOST]
        conversation.exchange("api/odata/businessobject/servicereqs", page(part, len(found)), query(skip))
        if skip + len(part) >= len(found):
            break
        # The last record of a page is asked for again with the next one.
        skip += len(part) - 1
    # What the next runs ask for: what has changed since, of which there is nothing but the last one again.
    since = {**query(0), "$filter": "LastModDateTime ge " + found[-1]["LastModDateTime"]}
    conversation.exchange("api/odata/businessobject/servicereqs", page(found[-1:], 1), since, any_value=["$filter"])
