-- results_codes: codes of the rows that were refused by the answer staged last.
-- returns: error_code VARCHAR
SELECT DISTINCT error_code FROM stage_result WHERE NOT accepted AND error_code IS NOT NULL ORDER BY error_code
