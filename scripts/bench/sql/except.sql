-- except: keys of the rows that one day has and the other has not.
-- template: today (a SELECT)
-- reads   : yesterday (a table)
CREATE TEMP TABLE changed AS
WITH today AS MATERIALIZED ({{ today }})
SELECT user_id FROM (FROM today EXCEPT FROM yesterday)
UNION
SELECT user_id FROM (FROM yesterday EXCEPT FROM today)
