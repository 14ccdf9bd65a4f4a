-- Forecast of the remaining time of open requests, by the step in which they stand.
--
-- Open are requests of the kind "pakalpojuma pieprasījums" that are not closed today and were submitted on or before the last
-- day of the period. What others took from entering the step until closing (experience.sql), less the days that a request
-- has been in it on that last day, never less than nothing; of these, the median. NULL when fewer than 5 stays are behind it.
-- Rule: S2 4.3.4 (forecast of the remaining time).
--
-- Tables: requests (item, columns of request_timeline); experience (experience_item, behind, median_seconds, p90_seconds);
-- an item is of one state. Parameters: end_on, end_day (days since 1970-01-01).
-- Result, a row an item: open; behind; typical_seconds, the median from entering the step until closing;
-- remaining_median_seconds and remaining_p90_seconds, the medians over open requests. Shown in days: the last day is one.
WITH standing AS (
    SELECT
        requests.item,
        experience.behind,
        experience.median_seconds,
        experience.median_seconds - 86400 * (:end_day - CAST(requests.state_since_on AS INT)) AS left_median,
        experience.p90_seconds - 86400 * (:end_day - CAST(requests.state_since_on AS INT)) AS left_p90
    FROM requests
    LEFT JOIN experience ON requests.item = experience.experience_item
    WHERE requests.kind = 'pakalpojuma pieprasījums'
        AND (NOT requests.closed)
        AND requests.submitted_on <= :end_on
        AND requests.state_since_on <= :end_on
)
SELECT
    item,
    COUNT(*) AS open,
    COALESCE(MAX(behind), 0) AS behind,
    MAX(CASE WHEN behind >= 5 THEN median_seconds END) AS typical_seconds,
    MEDIAN(CASE WHEN behind < 5 THEN NULL WHEN left_median < 0 THEN 0.0 ELSE left_median END) AS remaining_median_seconds,
    MEDIAN(CASE WHEN behind < 5 THEN NULL WHEN left_p90 < 0 THEN 0.0 ELSE left_p90 END) AS remaining_p90_seconds
FROM standing
GROUP BY item
