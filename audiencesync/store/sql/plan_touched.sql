-- plan_touched: profiles and members that may differ, found in one pass; only what is left is ever kept.
-- makes   : plan_touched, as touched.sql returns it
CREATE OR REPLACE TEMP TABLE plan_touched AS
{% include "touched.sql" %}
