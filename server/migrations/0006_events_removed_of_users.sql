-- SPDX-License-Identifier: Apache-2.0
-- Up to where events of users themselves are gone: 1, 2 and 3.
--
-- A watch of users resumes after the last of these that it got, and hears nothing of posts and
-- subscriptions. Where for long only those changed, `upto` passed its token, and it was told that
-- events were missing which never were. By a trigger, for a server of the version before removes
-- events as well.

ALTER TABLE user_events_removed ADD COLUMN users_upto bigint NOT NULL DEFAULT 0;
UPDATE user_events_removed SET users_upto = upto;

CREATE FUNCTION record_removed_user_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_events_removed SET users_upto = newest.seq
  FROM (SELECT max(seq) AS seq FROM gone WHERE type <= 3) AS newest
  WHERE newest.seq > users_upto;
  RETURN NULL;
END $$;

CREATE TRIGGER user_events_removed AFTER DELETE ON user_events REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION record_removed_user_events();
