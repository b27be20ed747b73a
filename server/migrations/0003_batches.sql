-- SPDX-License-Identifier: Apache-2.0
-- Durable batches: what was submitted, who works on which part of it, and what came out.
--
-- Items and results are only ever added, never changed, so that a batch of a million leaves no dead
-- rows behind it; what changes is a row per chunk of some hundred items. No foreign keys: checking
-- one per item costs more than storing it. server/batch/ keeps the rules.

CREATE TABLE batches (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: not idempotent. Unique for as long as the batch is kept.
  request_id     text CONSTRAINT batches_request_id_key UNIQUE,
  -- uploading, invisible until it is complete; open: there may be work; succeeded, partially_failed
  -- and cancelled: ended; removing: too old, invisible again.
  state          text NOT NULL,
  total          bigint NOT NULL DEFAULT 0,
  -- Counted when it ends; until then the chunks know.
  succeeded      bigint NOT NULL DEFAULT 0,
  failed         bigint NOT NULL DEFAULT 0,
  create_time    timestamptz NOT NULL DEFAULT now(),
  end_time       timestamptz,
  -- When its last piece came, while it is uploading: what nobody goes on with is removed.
  upload_time    timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX batches_unfinished_idx ON batches (state) WHERE state IN ('uploading', 'open', 'removing');
CREATE INDEX batches_end_time_idx ON batches (end_time) WHERE end_time IS NOT NULL;

CREATE TABLE batch_items (
  batch_id bigint NOT NULL,
  position bigint NOT NULL,
  item_id  bytea NOT NULL,  -- for a text cannot hold a NUL
  -- weir.batch.v1.BatchItem without its item_id, and with a password's hash in its place; null if it
  -- was found to be wrong when it came.
  item     bytea,
  -- Then google.rpc.Status: what is wrong with it.
  fault    bytea,
  CONSTRAINT batch_items_pkey PRIMARY KEY (batch_id, position)
);

CREATE TABLE batch_results (
  batch_id bigint NOT NULL,
  position bigint NOT NULL,
  -- weir.batch.v1.BatchResult without its item_id.
  result   bytea NOT NULL,
  CONSTRAINT batch_results_pkey PRIMARY KEY (batch_id, position)
);

CREATE TABLE batch_chunks (
  batch_id    bigint NOT NULL,
  number      bigint NOT NULL,
  -- Its items: from first_position up to, but without, end_position.
  first_position bigint NOT NULL,
  end_position   bigint NOT NULL,
  -- Who is first. A chunk comes some milliseconds after the one before it, so a small batch that is
  -- submitted behind a large one starts soon, and no stream of small ones holds a large one up.
  turn        timestamptz NOT NULL,
  done        boolean NOT NULL DEFAULT false,
  -- When it may be claimed: at once, after a pause, or when the lease has expired.
  free_at     timestamptz NOT NULL,
  -- The fencing token: of the last lease, a new one for each; null if it was never claimed.
  lease       bigint,
  -- Times that items of it were left over for another try.
  attempts    integer NOT NULL DEFAULT 0,
  succeeded   bigint NOT NULL DEFAULT 0,
  failed      bigint NOT NULL DEFAULT 0,
  CONSTRAINT batch_chunks_pkey PRIMARY KEY (batch_id, number)
);

CREATE INDEX batch_chunks_turn_idx ON batch_chunks (turn) WHERE NOT done;
CREATE INDEX batch_chunks_open_idx ON batch_chunks (batch_id) WHERE NOT done;

CREATE SEQUENCE batch_leases;
