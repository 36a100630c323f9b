-- described_drop: forget what describe said of an object.
-- params: $object
DELETE FROM store.described WHERE object = $object
