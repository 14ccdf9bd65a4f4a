-- Time of each step: how long requests stay in a state.
--
-- Counts stays that ended in the period (local day they were left), of requests of the kind "pakalpojuma pieprasījums";
-- not those in drafts, in closing states and under appeal. A request that comes back into a state has another stay there.
-- Stays of requests that are still open count too. Month: that in which the state was left.
-- Rules: model.md, "Rules of counting"; S2 4.3.4 (time of each step is recorded).
--
-- Tables: steps (item, columns of request_step); an item is of one state. Parameters: from_on, end_on.
-- Result, a row an item: stays; median_seconds, p90_seconds, median_working_seconds, p90_working_seconds;
-- precision, the coarsest of the stays: day, minute or second
SELECT
    item,
    COUNT(*) AS stays,
    MEDIAN(elapsed_seconds) AS median_seconds,
    QUANTILE_CONT(elapsed_seconds, 0.9) AS p90_seconds,
    MEDIAN(working_seconds) AS median_working_seconds,
    QUANTILE_CONT(working_seconds, 0.9) AS p90_working_seconds,
    -- The codes of precision are in the order of the alphabet from coarse to fine.
    MIN(precision) AS precision
FROM steps
WHERE kind = 'pakalpojuma pieprasījums'
    AND counted
    AND elapsed_seconds IS NOT NULL
    AND to_on >= :from_on
    AND to_on <= :end_on
GROUP BY item
