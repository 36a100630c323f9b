-- org_put: the org that the state is of was signed in to.
-- params: $org_id, $login_url, $username
DELETE FROM store.org;
INSERT INTO store.org VALUES ($org_id, $login_url, $username)
