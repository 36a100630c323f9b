-- 0001_first: the whole store.
-- Big tables have no key or index: diffs are full joins, and an index costs 3.6 times the room and 7.6 times
-- the loading time. Masks hold one bit an audience; columns mask_1, mask_2 ... are added when a sync has more
-- than 63 audiences (plan/diff.py).

-- One row a sync. `basis` says what fingerprints and payloads were computed from.
CREATE TABLE store.sync (
    sync_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    basis VARCHAR,
    watermark VARCHAR,
    backfilled_at TIMESTAMP
);

-- Which bit stands for which audience. A bit is never given to another audience.
CREATE TABLE store.audience_bit (sync_id INTEGER NOT NULL, audience VARCHAR NOT NULL, ordinal INTEGER NOT NULL);

-- What Salesforce last accepted, a row a current member. Diffs are taken against it.
CREATE TABLE store.acknowledged (
    sync_id INTEGER NOT NULL,
    profile_key VARCHAR NOT NULL,
    fingerprint UBIGINT,
    mask_0 BIGINT NOT NULL
);

-- Members known to differ from what is acknowledged: an incremental read looks at them whatever the source says.
CREATE TABLE store.pending (sync_id INTEGER NOT NULL, profile_key VARCHAR NOT NULL);

-- The field values last accepted, beside the state and joined for changed rows only.
CREATE TABLE store.payload (
    sync_id INTEGER NOT NULL,
    profile_key VARCHAR NOT NULL,
    fields MAP(VARCHAR, VARCHAR) NOT NULL
);

-- Which record a profile is, for as long as we know of it; it outlives the membership.
CREATE TABLE store.record (
    sync_id INTEGER NOT NULL,
    profile_key VARCHAR NOT NULL,
    match_key VARCHAR,
    salesforce_id VARCHAR
);

CREATE TABLE store.run (
    run_id VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    status VARCHAR NOT NULL,
    error VARCHAR
);

-- What a run did for one sync, as the document that `run --json` printed.
CREATE TABLE store.run_sync (
    run_id VARCHAR NOT NULL,
    sync_id INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    document VARCHAR
);

-- One row a request (Collections) or a job (Bulk), written before it is sent.
CREATE TABLE store.batch (
    batch_id BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    sync_id INTEGER NOT NULL,
    route VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    job_id VARCHAR,
    sent_at TIMESTAMP NOT NULL,
    answered_at TIMESTAMP
);

-- Intents without an outcome yet. A row carries all that its acceptance will write into the state.
CREATE TABLE store.outbox (
    run_id VARCHAR NOT NULL,
    sync_id INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    batch_id BIGINT,
    attempt INTEGER NOT NULL,
    profile_key VARCHAR NOT NULL,
    match_value VARCHAR,
    match_key VARCHAR,
    salesforce_id VARCHAR,
    operation VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    changed MAP(VARCHAR, STRUCT("before" VARCHAR, "after" VARCHAR)) NOT NULL,
    payload MAP(VARCHAR, VARCHAR) NOT NULL,
    truncated VARCHAR[] NOT NULL,
    bulk_unfit BOOLEAN NOT NULL,
    fingerprint UBIGINT,
    mask_0 BIGINT NOT NULL
);

-- Every push and attempt that has an outcome, for ever. Rows are only ever added.
CREATE TABLE store.ledger (
    run_id VARCHAR NOT NULL,
    sync_id INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    profile_key VARCHAR NOT NULL,
    match_value VARCHAR,
    salesforce_id VARCHAR,
    action VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    changed MAP(VARCHAR, STRUCT("before" VARCHAR, "after" VARCHAR)) NOT NULL,
    truncated VARCHAR[] NOT NULL,
    outcome VARCHAR NOT NULL,
    error_code VARCHAR,
    error_message VARCHAR,
    route VARCHAR,
    job_id VARCHAR,
    attempt INTEGER NOT NULL,
    sent_at TIMESTAMP,
    answered_at TIMESTAMP NOT NULL
);

-- Every billed call, counted before it is made; the rolling 24 hours of the budget are read from here.
CREATE TABLE store.api_call (
    called_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    run_id VARCHAR,
    sync VARCHAR
);

-- What describe said, with its age.
CREATE TABLE store.described (object VARCHAR NOT NULL, described_at TIMESTAMP NOT NULL, document VARCHAR NOT NULL);
