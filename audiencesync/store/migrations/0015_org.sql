-- 0015_org: which org the state is of, and what the config said at the last sign-in. One row, once somebody signed in.
CREATE TABLE store.org (org_id VARCHAR NOT NULL, login_url VARCHAR NOT NULL, username VARCHAR NOT NULL);
