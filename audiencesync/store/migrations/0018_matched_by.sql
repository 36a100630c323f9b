-- 0018_matched_by: what identified the rows of a request or job when it was sent: the match fields, none for records that have
-- none. Its answer may be read under a config that says something else.
ALTER TABLE store.batch ADD COLUMN matched_by VARCHAR[];
