-- SPDX-License-Identifier: Apache-2.0
-- Users, and the answers to requests that carried a request_id.

CREATE TABLE users (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL,
  -- Canonical (lower case), so that uniqueness does not depend on a collation.
  email         text NOT NULL CONSTRAINT users_email_key UNIQUE,
  -- Argon2id in the PHC string format; null for a user who cannot sign in with a password.
  password_hash text,
  -- Grows by one with each change: what an etag is made of, and what a cache compares.
  version       bigint NOT NULL DEFAULT 1,
  create_time   timestamptz NOT NULL DEFAULT now(),
  update_time   timestamptz NOT NULL DEFAULT now()
);

-- Written in the transaction that has the effect, so a request_id takes effect once and is answered
-- the same way for as long as its row is kept (24 hours).
CREATE TABLE idempotency_keys (
  method       text NOT NULL,
  request_id   text NOT NULL,
  -- Tells the same request again from another one under the same id.
  request_hash bytea NOT NULL,
  -- The first answer, serialized.
  response     bytea NOT NULL,
  create_time  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (method, request_id)
);

CREATE INDEX idempotency_keys_create_time_idx ON idempotency_keys (create_time);
