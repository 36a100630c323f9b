-- described_drop: forget what describe said of an object.
-- params: $object VARCHAR, or NULL for every object
DELETE FROM store.described WHERE object = coalesce($object, object)
