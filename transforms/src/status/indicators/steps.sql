-- Stays in each step.
--
-- Counts stays that ended in the period (local day they were left), of requests of the kind "pakalpojuma pieprasījums";
-- not those in drafts, in closing states and under appeal. A request that comes back into a state has another stay there.
-- Stays of requests that are still open count too. Month: that in which the state was left.
-- Rules: model.md, "Rules of counting"; S2 4.3.4 (time of each step is recorded).
--
-- Tables: steps (item, columns of request_step); an item is of one state. Parameters: from_on, end_on.
-- Result, a row an item: stays; precision, the coarsest of them: day, minute or second. How long they were stands in
-- step_durations.sql
SELECT
    item,
    COUNT(*) AS stays,
    -- The codes of precision are in the order of the alphabet from coarse to fine.
    MIN(precision) AS precision
FROM steps
WHERE kind = 'pakalpojuma pieprasījums'
    AND counted
    AND elapsed_seconds IS NOT NULL
    AND to_on >= :from_on
    AND to_on <= :end_on
GROUP BY item
