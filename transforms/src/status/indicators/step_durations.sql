-- How long requests stay in a state: quantiles of what steps.sql counts, by the same rules.
--
-- Tables: steps (item, columns of request_step); an item is of one state. Parameters: from_on, end_on.
-- Result, a row an item: median_seconds, p90_seconds, median_working_seconds, p90_working_seconds
SELECT
    item,
    MEDIAN(elapsed_seconds) AS median_seconds,
    QUANTILE_CONT(elapsed_seconds, 0.9) AS p90_seconds,
    MEDIAN(working_seconds) AS median_working_seconds,
    QUANTILE_CONT(working_seconds, 0.9) AS p90_working_seconds
FROM steps
WHERE kind = 'pakalpojuma pieprasījums'
    AND counted
    AND elapsed_seconds IS NOT NULL
    AND to_on >= :from_on
    AND to_on <= :end_on
GROUP BY item
