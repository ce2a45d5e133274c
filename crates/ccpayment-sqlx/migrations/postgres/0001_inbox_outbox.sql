-- Inbox and outbox. Moments are unix milliseconds by the database's clock, if not said otherwise.
CREATE TABLE {entry} (
    app_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version IN (1, 2)),
    queue TEXT NOT NULL CHECK (queue IN ('inbox', 'outbox')),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'parked', 'done')),
    step TEXT NOT NULL,
    body BYTEA NOT NULL,
    -- 1: a list of records showed it before a notification did.
    is_gap SMALLINT NOT NULL,
    -- Grows with each claim.
    fence BIGINT NOT NULL DEFAULT 0,
    -- 1: a worker has it until due_at.
    claimed SMALLINT NOT NULL DEFAULT 0,
    -- 1: it is due when the worker gives it back.
    hastened SMALLINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    -- due_at as it was before the last claim.
    was_due_at BIGINT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    looks BIGINT NOT NULL DEFAULT 0,
    -- Unix seconds by the gateway's clock.
    in_doubt_since BIGINT,
    -- Unix seconds by the gateway's clock.
    signed_until BIGINT,
    record_id TEXT,
    verdict TEXT,
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, version, queue, kind, id)
);
-- For claims. Finished rows are not in it.
CREATE INDEX "entry_due" ON {entry} (app_id, queue, due_at) WHERE state = 'open';
-- For reports.
CREATE INDEX "entry_waiting" ON {entry} (queue, created_at) WHERE state <> 'done';
-- For pruning.
CREATE INDEX "entry_done" ON {entry} (updated_at) WHERE state = 'done';

-- Deliveries as they came, written down before they are acknowledged. A claim files them: it moves
-- them to the tables of deliveries and entries.
CREATE TABLE {received} (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version IN (1, 2)),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL
);

CREATE TABLE {delivery} (
    app_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    queue TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, version, queue, kind, id, status)
);
CREATE INDEX "delivery_received" ON {delivery} (received_at);

-- Never delete from this table: it keeps money from being credited or paid twice.
CREATE TABLE {kept_key} (
    app_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    queue TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, version, queue, kind, id)
);
CREATE TABLE {position} (
    app_id TEXT NOT NULL,
    list TEXT NOT NULL,
    -- Unix seconds by the gateway's clock.
    walked_until BIGINT NOT NULL,
    PRIMARY KEY (app_id, list)
);
