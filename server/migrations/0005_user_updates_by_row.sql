-- SPDX-License-Identifier: Apache-2.0
-- Updates of users are recorded row by row.
--
-- 0004 compared the tables of old and new rows at the end of the statement. Those have no
-- statistics, and a plan made for one row is kept for many: they were joined in nested loops, and an
-- UPDATE of 100,000 users, of nothing but their password hashes, took twelve minutes. WHEN is
-- evaluated before anything is remembered for the end of the statement, so such an update now
-- costs nothing here.

CREATE FUNCTION record_user_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_user_events();
  INSERT INTO user_events (type, user_id, name, email, version, create_time, update_time)
  VALUES (2, NEW.id, NEW.name, NEW.email, NEW.version, NEW.create_time, NEW.update_time);
  RETURN NULL;
END $$;

DROP TRIGGER users_updated ON users;
-- A new password hash is no change of the user: the version stays.
CREATE TRIGGER users_updated AFTER UPDATE ON users FOR EACH ROW
  WHEN (NEW.version <> OLD.version) EXECUTE FUNCTION record_user_update();

CREATE OR REPLACE FUNCTION record_user_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM hold_user_events();
    INSERT INTO user_events (type, user_id, name, email, version, create_time, update_time)
    SELECT 1, id, name, email, version, create_time, update_time FROM new_rows;
  ELSIF EXISTS (SELECT FROM old_rows) THEN
    PERFORM hold_user_events();
    INSERT INTO user_events (type, user_id, name, email, version, create_time, update_time)
    SELECT 3, id, name, email, version, create_time, update_time FROM old_rows;
  END IF;
  RETURN NULL;
END $$;
