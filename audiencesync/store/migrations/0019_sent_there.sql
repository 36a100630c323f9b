-- 0019_sent_there: when a request or job was sent by Salesforce's clock, as far as that was known: ours may be put right, or wrong,
-- before the answer is asked for.
ALTER TABLE store.batch ADD COLUMN sent_there TIMESTAMP;
