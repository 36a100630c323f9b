-- 0008_pushed: changes that arrive by HTTP, and what they leave over the rows of the source.
-- inbox: what was accepted and not taken over yet, one row a change, in the order of arrival. `change` says which:
--   'profile'    attributes (a JSON object, column -> value; null clears) are set, the others stay as they are
--   'removal'    the profile is gone, whatever the source says of it
--   'membership' the profile entered (member) or left (not member) an audience
--   'alias'      what is known of `previous` is the profile's from now on
CREATE TABLE store.inbox (
    number BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    change VARCHAR NOT NULL,
    profile_key VARCHAR NOT NULL,
    attributes VARCHAR,
    audience VARCHAR,
    member BOOLEAN,
    previous VARCHAR
);
-- pushed_profile: a row a profile of whom values were pushed. attributes: JSON, column -> [value, microseconds since
-- 1970 when it was received]; removed_at: since when it is gone, should that be the latest said of it.
CREATE TABLE store.pushed_profile (
    key_hash UBIGINT NOT NULL,
    profile_key VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL,
    removed_at TIMESTAMP
);
-- pushed_membership: a row a profile and audience that were pushed, as said last.
CREATE TABLE store.pushed_membership (
    key_hash UBIGINT NOT NULL,
    profile_key VARCHAR NOT NULL,
    audience VARCHAR NOT NULL,
    member BOOLEAN NOT NULL,
    received_at TIMESTAMP NOT NULL
);
-- pushed_alias: keys that were given up for another.
CREATE TABLE store.pushed_alias (previous VARCHAR NOT NULL, profile_key VARCHAR NOT NULL);
