-- described_get: what describe last said of an object.
-- params : $object
-- returns: described_at TIMESTAMP, document VARCHAR
SELECT described_at, document FROM store.described WHERE object = $object
