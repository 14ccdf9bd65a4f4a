-- How long requests took that were closed: from the first event that is no draft to the closing.
--
-- Of the requests that closed.sql counts; NULL without events. Quantiles interpolate linearly. Waiting and suspension are
-- finished stays within the duration, of the requests that had any. How exact these are stands in closed.sql.
-- Rules: model.md, "Rules of counting"; S2 4.3.4, S2 P12.
--
-- Tables: requests (item, columns of request_timeline). Parameters: from_on, end_on.
-- Result, a row an item:
--   median_seconds, p90_seconds, median_working_seconds, p90_working_seconds
--   waiting_median_seconds, suspended_median_seconds
WITH closings AS (
    SELECT
        item,
        elapsed_seconds,
        working_seconds,
        CASE WHEN waiting_seconds > 0 THEN waiting_seconds END AS waiting,
        CASE WHEN suspended_seconds > 0 THEN suspended_seconds END AS suspending
    FROM requests
    WHERE kind = 'pakalpojuma pieprasījums'
        AND closed
        AND closed_on >= :from_on
        AND closed_on <= :end_on
)
SELECT
    item,
    MEDIAN(elapsed_seconds) AS median_seconds,
    QUANTILE_CONT(elapsed_seconds, 0.9) AS p90_seconds,
    MEDIAN(working_seconds) AS median_working_seconds,
    QUANTILE_CONT(working_seconds, 0.9) AS p90_working_seconds,
    MEDIAN(waiting) AS waiting_median_seconds,
    MEDIAN(suspending) AS suspended_median_seconds
FROM closings
GROUP BY item
