# SPDX-License-Identifier: Apache-2.0
"""Fills Postgres and Redis, and freezes Postgres. They are private to the run."""

import contextlib
import ctypes
import os
import shlex
import subprocess
import sys
import urllib.parse

ADD_USERS = """
INSERT INTO users (id, name, email)
OVERRIDING SYSTEM VALUE
SELECT id, 'User Number ' || id, 'user.' || id || '@example.com'
FROM generate_series(1, {count}) AS id;
SELECT setval(pg_get_serial_sequence('users', 'id'), {count});
VACUUM ANALYZE users;
"""
# Bodies of 200 bytes. The rows of a user lie together.
ADD_POSTS = """
INSERT INTO posts (user_id, title, body)
SELECT id, 'Post Number ' || n || ' of ' || id, repeat('x', 200)
FROM generate_series(1, {users}) AS id, generate_series(1, {each}) AS n ORDER BY id, n;
INSERT INTO subscriptions (user_id, plan)
SELECT id, 'plan ' || n FROM generate_series(1, {users}) AS id, generate_series(1, 2) AS n ORDER BY id, n;
VACUUM ANALYZE posts, subscriptions;
"""
SET_PASSWORDS = "UPDATE users SET password_hash = '{hash}' WHERE id BETWEEN 1 AND {count}"
PASSWORD, SALT = b"correct horse", b"0123456789abcdef"
MEMORY_KIB, ITERATIONS, LANES = 19456, 2, 1  # as the service hashes: others it would hash again
POSTS_EACH = 10
# Of all users: the last few are not worth drawing random ids for.
FULL_ENOUGH = 0.999
MOST_FILLS = 30


def sql(text):
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
         os.environ["WEIR_DATABASE_URL"]],
        input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def add_users(count):
    """Ids 1 to `count`. The schema is there: the service has made it."""
    found = int(sql(f"SELECT count(*) FROM users WHERE id BETWEEN 1 AND {count}"))
    if found == count:
        return
    if found != 0:
        sys.exit(f"the database has {found} of the users 1 to {count}: the bench needs one of its own")
    sql(ADD_USERS.format(count=count))


def add_passwords(users):
    """The same to each of the users 1 to `users`."""
    encoded = ctypes.create_string_buffer(256)
    size = ctypes.c_size_t
    failed = ctypes.CDLL("libargon2.so.1").argon2id_hash_encoded(
        ITERATIONS, MEMORY_KIB, LANES, PASSWORD, size(len(PASSWORD)), SALT, size(len(SALT)),
        size(32), encoded, size(len(encoded)))
    if failed:
        sys.exit("libargon2 could not hash")
    sql(SET_PASSWORDS.format(hash=encoded.value.decode(), count=users))


def add_posts_and_subscriptions(users):
    """10 and 2 for each of the users 1 to `users`."""
    if sql("SELECT EXISTS (SELECT FROM posts)") == "f":
        sql(ADD_POSTS.format(users=users, each=POSTS_EACH))


def cached_keys():
    # redis-cli -u takes no URL with an empty user.
    url = urllib.parse.urlsplit(os.environ["WEIR_REDIS_URL"])
    done = subprocess.run(
        ["redis-cli", "-h", url.hostname, "-p", str(url.port), "dbsize"],
        env={**os.environ, "REDISCLI_AUTH": url.password or ""},
        stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout)


def fill_cache(users, read_at_random):
    for _ in range(MOST_FILLS):
        if cached_keys() >= FULL_ENOUGH * users:
            return
        read_at_random()
    sys.exit(f"Redis holds {cached_keys()} of {users} users after {MOST_FILLS} rounds of reading")


@contextlib.contextmanager
def frozen_postgres():
    directory = os.path.join(os.environ["WEIR_STACK_DIR"], "postgres")
    subprocess.run(["scripts/postgres.sh", "freeze", directory], check=True)
    try:
        yield
    finally:
        subprocess.run(["scripts/postgres.sh", "thaw", directory], check=True)


@contextlib.contextmanager
def durable_postgres():
    """In WEIR_DATABASE_URL: another one, which is not told to forget about the disk."""
    directory = os.path.join(os.environ["WEIR_STACK_DIR"], "durable")
    before = os.environ["WEIR_DATABASE_URL"]
    started = subprocess.run(["scripts/postgres.sh", "start", directory, "--durable"], check=True,
                             stdout=subprocess.PIPE, text=True)
    # Quoted for a shell.
    settings = dict(word.split("=", maxsplit=1) for word in shlex.split(started.stdout))
    os.environ["WEIR_DATABASE_URL"] = settings["WEIR_DATABASE_URL"]
    try:
        yield
    finally:
        os.environ["WEIR_DATABASE_URL"] = before
        subprocess.run(["scripts/postgres.sh", "remove", directory], check=True)
