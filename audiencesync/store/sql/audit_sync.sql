-- audit_sync: what the store holds of one sync now.
-- params : $name, $object
-- returns: sync_id (NULL before the first run), watermark, backfilled_at, members (acknowledged), unknown (sent, and
--          unanswered)
-- grain  : one row
WITH place AS (
    {% include "sync_place.sql" %}
)
SELECT
    (SELECT sync_id FROM place) AS sync_id,
    (SELECT watermark FROM place) AS watermark,
    (SELECT backfilled_at FROM place) AS backfilled_at,
    (SELECT count(*) FROM store.acknowledged WHERE sync_id IN (SELECT sync_id FROM place)) AS members,
    (SELECT count(*) FROM store.outbox
     WHERE sync_id IN (SELECT sync_id FROM place) AND batch_id IS NOT NULL) AS unknown
