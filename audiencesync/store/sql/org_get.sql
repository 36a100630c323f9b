-- org_get: the org that the state is of, and what the config said when it was signed in to last.
-- returns: org_id, login_url, username; no row before the first sign-in
FROM store.org
