-- Requests by the day they were submitted: how many came in, and through which channels.
--
-- Counts requests of the kind "pakalpojuma pieprasījums" whose day of submission (local) lies in the period; a request
-- that never got beyond a draft is none. Month: that of submission.
-- Rules: model.md, "Rules of counting"; S2 P8 and P11 (statuses of in-person requests are recorded too), S2 4.3.4.
--
-- Tables: requests (item, columns of request_timeline); channels (channel, electronic, in_person: columns of
-- config/codelists/channels.csv). Parameters: from_on, end_on.
-- Result, a row an item:
--   received            submitted in the period
--   channel_known       of these, with a channel of which the code list says whether it is electronic
--   electronic          of these, electronic
--   in_person           received in person
--   in_person_recorded  of these, with at least one status event in the lake
--   undated             whatever the period: the day of submission, or of a closing, is not known; in no other number
WITH requests_with_channel AS (
    SELECT
        requests.item,
        requests.submitted_on >= :from_on AND requests.submitted_on <= :end_on AS in_period,
        requests.events,
        (requests.submitted_on IS NULL AND COALESCE(requests.state, '') <> 'melnraksts')
            OR (requests.closed AND requests.closed_on IS NULL) AS undated,
        channels.electronic AS by_electronic,
        channels.in_person AS by_person
    FROM requests
    LEFT JOIN channels ON requests.channel = channels.channel_code
    WHERE requests.kind = 'pakalpojuma pieprasījums'
)
SELECT
    item,
    COUNT(*) FILTER (WHERE in_period) AS received,
    COUNT(*) FILTER (WHERE in_period AND by_electronic IS NOT NULL) AS channel_known,
    COUNT(*) FILTER (WHERE in_period AND by_electronic) AS electronic,
    COUNT(*) FILTER (WHERE in_period AND by_person) AS in_person,
    COUNT(*) FILTER (WHERE in_period AND by_person AND events > 0) AS in_person_recorded,
    COUNT(*) FILTER (WHERE undated) AS undated
FROM requests_with_channel
GROUP BY item
