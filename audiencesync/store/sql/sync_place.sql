-- sync_place: the row of one sync; included by other statements. Salesforce ignores case in the names of objects.
-- params : $name, $object
-- returns: the columns of store.sync
-- grain  : one row, or none before the first run; of two that an older program made for two spellings, that of the very same
FROM store.sync WHERE name = $name AND lower(object) = lower($object) ORDER BY object = $object DESC, sync_id DESC LIMIT 1
