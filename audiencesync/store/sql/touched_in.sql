-- touched_in: take in what differs, as it arrives from a cluster.
-- template: reader (a registered Arrow stream)
-- makes   : plan_touched, as touched.sql returns it
CREATE OR REPLACE TEMP TABLE plan_touched AS
SELECT * REPLACE (
    sf_unsigned(_plan_fingerprint) AS _plan_fingerprint,
    sf_unsigned(_plan_old_fingerprint) AS _plan_old_fingerprint
)
FROM {{ reader }}
