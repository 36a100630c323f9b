-- described_put: keep what describe said of an object.
-- params: $object, $now, $document
INSERT INTO store.described VALUES ($object, $now, $document)
