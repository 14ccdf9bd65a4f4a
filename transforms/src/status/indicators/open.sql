-- Requests that are open at the end of the period, and those of them that are overdue.
--
-- Open: of the kind "pakalpojuma pieprasījums", submitted on or before the last day of the period and not closed on or
-- before it, whenever it was submitted (the first day of the period does not matter). Month: that of submission.
-- Overdue: would be late if it were closed in the first moment of that last day. Late is what is closed after its own
-- due day; where it has none, after the statutory time of its service (limits in minutes or hours cannot be told for
-- requests known by the day only); where that is not known either, nothing can be said (due_unknown).
-- Rules: model.md, "Rules of counting" (statutory times are calendar time unless the text says working days).
--
-- Tables: requests (item, columns of request_timeline); services (service_holder, service_key, statutory_value,
-- statutory_unit); working_days (submission_day, submission_index: working days up to and including that day).
-- Parameters: end_on; end_day (days since 1970-01-01), end_month (year * 12 + month), end_month_day (day of the month),
-- end_index (working days up to and including the day; NULL beyond the calendar), end_at (microseconds since
-- 1970-01-01 UTC of its first moment).
-- Result, a row an item: open, overdue, due_unknown
WITH open_requests AS (
    SELECT
        item, institution_reg_no, service_code, precision, submitted_on, due_on,
        :end_day - CAST(submitted_on AS INT) AS days,
        :end_month - (DATE_PART('year', submitted_on) * 12 + DATE_PART('month', submitted_on))
            + CASE WHEN :end_month_day > DATE_PART('day', submitted_on) THEN 1 ELSE 0 END AS months,
        (:end_at - CAST(submitted_at AS BIGINT)) / 1000000 AS seconds
    FROM requests
    WHERE kind = 'pakalpojuma pieprasījums'
        AND submitted_on <= :end_on
        AND ((NOT closed) OR closed_on > :end_on)
),
judged AS (
    SELECT
        open_requests.item,
        CASE
            WHEN due_on IS NOT NULL THEN due_on < :end_on
            WHEN statutory_unit = 'd' THEN days > statutory_value
            WHEN statutory_unit = 'month' THEN months > statutory_value
            WHEN statutory_unit = 'working d' THEN :end_index - submission_index > statutory_value
            WHEN COALESCE(precision, 'day') = 'day' THEN NULL
            WHEN statutory_unit = 'h' THEN seconds > statutory_value * 3600
            WHEN statutory_unit = 'min' THEN seconds > statutory_value * 60
        END AS late
    FROM open_requests
    LEFT JOIN services
        ON open_requests.institution_reg_no = services.service_holder
        AND open_requests.service_code = services.service_key
    LEFT JOIN working_days ON open_requests.submitted_on = working_days.submission_day
)
SELECT
    item,
    COUNT(*) AS open,
    COUNT(*) FILTER (WHERE late) AS overdue,
    COUNT(*) FILTER (WHERE late IS NULL) AS due_unknown
FROM judged
GROUP BY item
