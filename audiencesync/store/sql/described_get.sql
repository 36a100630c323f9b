-- described_get: what describe said of an object, if it is young enough.
-- params : $object, $since
-- returns: document VARCHAR
SELECT document FROM store.described WHERE object = $object AND described_at >= $since
