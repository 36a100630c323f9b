-- 0011_profiles: which profiles and audiences a sync has compared up to its watermark. Where that is not known, everything
-- is read once: a rule may have been edited before anybody looked.
ALTER TABLE store.sync ADD COLUMN profiles_basis VARCHAR;
