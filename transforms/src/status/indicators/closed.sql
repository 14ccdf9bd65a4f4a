-- Requests by the day they were closed: with what result, whether in time, how smoothly.
--
-- Counts requests of the kind "pakalpojuma pieprasījums" whose last closing (local day) lies in the period; an appeal does
-- not reopen one. Month: that of closing. How long they took stands in durations.sql.
-- Outcome: forwarded and cancelled by the closing state (nobody decided, whatever the result says); else the result; else
-- the closing state. A request that is under appeal shows its closing only in the result.
-- Expected and statutory time are those of the service: min and h against the seconds (not decidable for requests known
-- by the day only), d against calendar days, working d against working days, month against begun months.
-- Rules: model.md, "Rules of counting"; S2 4.3.4 (expected and statutory time), S2 P12.
--
-- Tables: requests (item, columns of request_timeline); services (service_holder, service_key, expected_value,
-- expected_unit, statutory_value, statutory_unit). Parameters: from_on, end_on.
-- Result, a row an item:
--   closed                 closed in the period = the sum of the seven outcomes
--   granted, partly_granted, refused, withdrawn, forwarded, cancelled, completed (without a recorded result)
--   decided                granted, partly granted, refused or completed: the whole of the share of refusals
--   timed                  of the closed, with a duration
--   expected_of, expected_within, expected_undecidable      closed and comparable; within; has a limit but cannot be compared
--   statutory_of, statutory_within, statutory_undecidable   the same
--   with_history           of the closed, with status events: the whole of the next
--   first_time_right       of these, never waited for the client
--   reopened, appealed     closed requests that were, at least once
--   waited, suspended      waited for the client, were suspended: how many
--   precision, waiting_precision, suspended_precision
--                          coarsest of the requests behind the durations, waits and suspensions: day, minute or second
WITH closings AS (
    SELECT
        requests.item,
        elapsed_seconds,
        waits,
        reopened,
        appeals,
        events,
        CASE
            WHEN state = 'pārsūtīts' THEN 'forwarded'
            WHEN state = 'anulēts' THEN 'cancelled'
            WHEN result = 'piešķirts' THEN 'granted'
            WHEN result = 'daļēji piešķirts' THEN 'partly granted'
            WHEN result = 'atteikts' THEN 'refused'
            WHEN result = 'atsaukts' THEN 'withdrawn'
            WHEN state = 'atteikts' THEN 'refused'
            WHEN state = 'atsaukts' THEN 'withdrawn'
            ELSE 'completed'
        END AS outcome,
        CASE WHEN waiting_seconds > 0 THEN waiting_seconds END AS waiting,
        CASE WHEN suspended_seconds > 0 THEN suspended_seconds END AS suspending,
        CASE WHEN elapsed_seconds IS NOT NULL THEN precision END AS timed_precision,
        CASE WHEN waiting_seconds > 0 THEN precision END AS waiting_precision,
        CASE WHEN suspended_seconds > 0 THEN precision END AS suspended_precision,
        services.expected_value,
        CASE
            WHEN services.expected_unit = 'd' THEN elapsed_days <= services.expected_value
            WHEN services.expected_unit = 'month' THEN elapsed_months <= services.expected_value
            WHEN services.expected_unit = 'working d' THEN working_days <= services.expected_value
            WHEN precision = 'day' THEN NULL
            WHEN services.expected_unit = 'h' THEN elapsed_seconds <= services.expected_value * 3600
            WHEN services.expected_unit = 'min' THEN elapsed_seconds <= services.expected_value * 60
        END AS expected,
        services.statutory_value,
        CASE
            WHEN services.statutory_unit = 'd' THEN elapsed_days <= services.statutory_value
            WHEN services.statutory_unit = 'month' THEN elapsed_months <= services.statutory_value
            WHEN services.statutory_unit = 'working d' THEN working_days <= services.statutory_value
            WHEN precision = 'day' THEN NULL
            WHEN services.statutory_unit = 'h' THEN elapsed_seconds <= services.statutory_value * 3600
            WHEN services.statutory_unit = 'min' THEN elapsed_seconds <= services.statutory_value * 60
        END AS statutory
    FROM requests
    LEFT JOIN services
        ON requests.institution_reg_no = services.service_holder
        AND requests.service_code = services.service_key
    WHERE kind = 'pakalpojuma pieprasījums'
        AND closed
        AND closed_on >= :from_on
        AND closed_on <= :end_on
)
SELECT
    item,
    COUNT(*) AS closed,
    COUNT(*) FILTER (WHERE outcome = 'granted') AS granted,
    COUNT(*) FILTER (WHERE outcome = 'partly granted') AS partly_granted,
    COUNT(*) FILTER (WHERE outcome = 'refused') AS refused,
    COUNT(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
    COUNT(*) FILTER (WHERE outcome = 'forwarded') AS forwarded,
    COUNT(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
    COUNT(*) FILTER (WHERE outcome = 'completed') AS completed,
    -- IN would not stream here.
    COUNT(*) FILTER (
        WHERE outcome = 'granted' OR outcome = 'partly granted' OR outcome = 'refused' OR outcome = 'completed'
    ) AS decided,
    COUNT(elapsed_seconds) AS timed,
    COUNT(expected) AS expected_of,
    COUNT(*) FILTER (WHERE expected) AS expected_within,
    COUNT(*) FILTER (WHERE expected_value IS NOT NULL AND expected IS NULL) AS expected_undecidable,
    COUNT(statutory) AS statutory_of,
    COUNT(*) FILTER (WHERE statutory) AS statutory_within,
    COUNT(*) FILTER (WHERE statutory_value IS NOT NULL AND statutory IS NULL) AS statutory_undecidable,
    COUNT(*) FILTER (WHERE events > 0) AS with_history,
    COUNT(*) FILTER (WHERE events > 0 AND waits = 0) AS first_time_right,
    COUNT(*) FILTER (WHERE reopened > 0) AS reopened,
    COUNT(*) FILTER (WHERE appeals > 0) AS appealed,
    COUNT(waiting) AS waited,
    COUNT(suspending) AS suspended,
    -- The codes of precision are in the order of the alphabet from coarse to fine.
    MIN(timed_precision) AS precision,
    MIN(waiting_precision) AS waiting_precision,
    MIN(suspended_precision) AS suspended_precision
FROM closings
GROUP BY item
