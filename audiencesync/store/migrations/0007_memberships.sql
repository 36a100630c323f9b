-- 0007_memberships: how far a sync has read memberships that say when they changed, and which those were.
ALTER TABLE store.sync ADD COLUMN memberships_watermark VARCHAR;
ALTER TABLE store.sync ADD COLUMN memberships_basis VARCHAR;
