-- How long it took requests from entering a step until they were closed: what the forecast is made from.
--
-- Counts stays of requests of the kind "pakalpojuma pieprasījums" that were closed in the period (local day); not those in
-- drafts, in closing states and under appeal. Each stay counts from its own beginning.
-- Rule: S2 4.3.4 (forecast of the remaining time).
--
-- Tables: steps (item, columns of request_step); an item is of one state. Parameters: from_on, end_on.
-- Result, a row an item: behind (stays), median_seconds, p90_seconds until the closing
SELECT
    item,
    COUNT(*) AS behind,
    MEDIAN(to_close_seconds) AS median_seconds,
    QUANTILE_CONT(to_close_seconds, 0.9) AS p90_seconds
FROM steps
WHERE kind = 'pakalpojuma pieprasījums'
    AND to_close_seconds IS NOT NULL
    AND closed_on >= :from_on
    AND closed_on <= :end_on
GROUP BY item
