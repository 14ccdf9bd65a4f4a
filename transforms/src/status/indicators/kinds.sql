-- Requests of other kinds than "pakalpojuma pieprasījums", each kind by itself.
--
-- Received by the day of submission, closed and durations by the day of the last closing, open at the end of the period, as
-- in received.sql, closed.sql and open.sql.
-- Rule: model.md, "Rules of counting" (other kinds have their own table); S2 2.3 (kinds of requests).
--
-- Tables: requests (item, columns of request_timeline); an item is of one kind. Parameters: from_on, end_on.
-- Result, a row an item: received, closed, open, median_seconds, p90_seconds, precision
WITH dated AS (
    SELECT
        item,
        submitted_on >= :from_on AND submitted_on <= :end_on AS received,
        submitted_on <= :end_on AND ((NOT closed) OR closed_on > :end_on) AS open,
        closed AND closed_on >= :from_on AND closed_on <= :end_on AS ended,
        elapsed_seconds,
        precision
    FROM requests
    WHERE kind IS NULL OR kind <> 'pakalpojuma pieprasījums'
),
timed AS (
    SELECT
        item, received, open, ended,
        CASE WHEN ended THEN elapsed_seconds END AS seconds,
        CASE WHEN ended AND elapsed_seconds IS NOT NULL THEN precision END AS precision
    FROM dated
)
SELECT
    item,
    COUNT(*) FILTER (WHERE received) AS received,
    COUNT(*) FILTER (WHERE ended) AS closed,
    COUNT(*) FILTER (WHERE open) AS open,
    MEDIAN(seconds) AS median_seconds,
    QUANTILE_CONT(seconds, 0.9) AS p90_seconds,
    MIN(precision) AS precision
FROM timed
GROUP BY item
