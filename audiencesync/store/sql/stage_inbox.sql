-- stage_inbox: the changes to take over, each of the profile that its key stands for now.
-- params: $last (number of the latest)
-- reads : store.inbox, store.pushed_alias
-- makes : stage_inbox(number, received_at, change, profile_key, attributes, audience, member)
CREATE OR REPLACE TEMP TABLE stage_inbox AS
SELECT number, received_at, change, coalesce(alias.profile_key, inbox.profile_key) AS profile_key, attributes, audience, member
FROM store.inbox AS inbox
LEFT JOIN store.pushed_alias AS alias ON alias.previous = inbox.profile_key
WHERE number <= $last
