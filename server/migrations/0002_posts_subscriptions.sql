-- SPDX-License-Identifier: Apache-2.0
-- Posts and subscriptions: what is a user's, and goes when the user goes.

CREATE TABLE posts (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id     bigint NOT NULL CONSTRAINT posts_user_id_fkey REFERENCES users ON DELETE CASCADE,
  title       text NOT NULL,
  body        text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- A user's posts, newest first: lists, dashboards, and the cascade.
CREATE INDEX posts_user_id_id_idx ON posts (user_id, id DESC);

CREATE TABLE subscriptions (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id     bigint NOT NULL CONSTRAINT subscriptions_user_id_fkey REFERENCES users ON DELETE CASCADE,
  plan        text NOT NULL,
  active      boolean NOT NULL DEFAULT true,
  create_time timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX subscriptions_user_id_id_idx ON subscriptions (user_id, id DESC);
