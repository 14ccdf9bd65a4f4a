-- Whether an e-service has to be considered: MK 402/2017 (valsts pārvaldes e-pakalpojumu noteikumi), clause 3.1.
--
-- Counts requests of the kind "pakalpojuma pieprasījums" by the calendar year of submission (local). The criterion is met by
-- more than 5000 requests a year, or more than 10 % of the requests of the holder, the institution that received them, for
-- whatever service. Years are whole calendar years that the period touches, up to its last day; the last may be unfinished.
-- Rule: MK 402/2017 clause 3.1 as model.md states it.
--
-- Tables: requests (item, columns of request_timeline), of all services of the institution; an item is institution and
-- service; services (service_holder, service_key, digital_level). Parameters: first_year, end_on.
-- Result: institution_reg_no, service_code, year, requests, holder_requests, criterion_met, digital_level, and e_service:
-- "consider" (met, and there is no e-service), "exists" (met, and there is one), "unknown" (met, digital level not known),
-- "no" (not met)
WITH yearly AS (
    SELECT institution_reg_no, service_code, DATE_PART('year', submitted_on) AS year, COUNT(*) AS requests
    FROM requests
    WHERE kind = 'pakalpojuma pieprasījums'
        AND submitted_on >= :first_year
        AND submitted_on <= :end_on
    GROUP BY institution_reg_no, service_code, DATE_PART('year', submitted_on)
),
holders AS (
    SELECT institution_reg_no AS holder, year AS holder_year, SUM(requests) AS holder_requests
    FROM yearly
    GROUP BY institution_reg_no, year
),
measured AS (
    SELECT
        institution_reg_no, service_code, year, requests, holder_requests,
        requests > 5000 OR requests * 10 > holder_requests AS criterion_met
    FROM yearly
    JOIN holders ON yearly.institution_reg_no = holders.holder AND yearly.year = holders.holder_year
    WHERE service_code IS NOT NULL
)
SELECT
    institution_reg_no, service_code, year, requests, holder_requests, criterion_met, digital_level,
    CASE
        WHEN NOT criterion_met THEN 'no'
        WHEN digital_level IS NULL THEN 'unknown'
        WHEN digital_level IN ('e-pakalpojums', 'digitāls pakalpojums') THEN 'exists'
        ELSE 'consider'
    END AS e_service
FROM measured
LEFT JOIN services
    ON measured.institution_reg_no = services.service_holder AND measured.service_code = services.service_key
