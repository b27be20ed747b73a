# SPDX-License-Identifier: Apache-2.0
"""Medians, ratios, targets, and the table."""

import statistics
import sys

COLUMNS = (("rps", "RPC/s", max), ("cpu_us", "CPU µs/RPC", min), ("p50_us", "p50 µs", min),
           ("p99_us", "p99 µs", min), ("lone_p50_us", "lone p50 µs", min))


def progress(what):
    print(what, file=sys.stderr, flush=True)


def summarize(speed, memory, floors, redis, postgres):
    rows = {name: _medians(found) for name, found in speed.items()}
    # For each number the better of the two: the floor gets the benefit of the doubt.
    floor = {key: best(rows[name][key] for name in floors) for key, _, best in COLUMNS}
    rows = {**rows, "floor": floor}
    ratios = {name: {key: rows[name][key] / floor[key] for key, _, _ in COLUMNS}
              for name in (redis, postgres)}
    return {"medians": rows, "ratios": ratios, "memory": memory,
            "targets": _targets(rows, ratios, memory, redis, postgres)}


def _medians(found):
    medians = {key: statistics.median(each[key] for each in found["load"])
               for key, _, _ in COLUMNS[:-1]}
    medians["lone_p50_us"] = statistics.median(each["p50_us"] for each in found["lone"])
    return medians


def _targets(rows, ratios, memory, redis, postgres):
    def later(name):
        return rows[name]["lone_p50_us"] - rows["floor"]["lone_p50_us"]

    at_least, at_most = float.__ge__, float.__le__
    wanted = (
        ("from Redis, RPC/s of the floor's", ratios[redis]["rps"], at_least, 1.5, "x"),
        ("from Redis, CPU of the floor's", ratios[redis]["cpu_us"], at_most, 0.75, "x"),
        ("from Postgres, RPC/s of the floor's", ratios[postgres]["rps"], at_least, 1.2, "x"),
        ("lone call from Redis, p50 above the floor's", later(redis), at_most, 150, " µs"),
        ("lone call from Postgres, p50 above the floor's", later(postgres), at_most, 300, " µs"),
        ("memory of a call in progress", memory["kib_per_call"], at_most, 16, " KiB"),
        ("memory when idle", memory["idle_kib"] / 1024, at_most, 80, " MiB"),
    )
    return [{"what": what, "found": found, "wanted": limit, "unit": unit,
             "is_at_least": compare is at_least, "is_met": compare(float(found), float(limit))}
            for what, found, compare, limit, unit in wanted]


def target(what, found, at_least):
    return {"what": what, "found": found, "wanted": at_least, "unit": "x", "is_at_least": True,
            "is_met": found >= at_least}


def limit(what, found, at_most, unit):
    return {"what": what, "found": found, "wanted": at_most, "unit": unit, "is_at_least": False,
            "is_met": found <= at_most}


def print_targets(targets):
    for target in targets:
        sign = "at least" if target["is_at_least"] else "at most"
        verdict = "met" if target["is_met"] else "MISSED"
        print(f"{verdict:7} {target['what']}: {target['found']:.2f}{target['unit']} "
              f"({sign} {target['wanted']:g}{target['unit']})")


def print_result(result):
    print_head("GetUser", [(key, title) for key, title, _ in COLUMNS])
    for name, row in result["medians"].items():
        if name == "floor":
            continue
        print_row(name, (number(row[key]) for key, _, _ in COLUMNS))
    print("\nof the floor's (the better of the two):")
    for name, ratios in result["ratios"].items():
        print_row(name, (f"{ratios[key]:.2f}x" for key, _, _ in COLUMNS))
    memory = result["memory"]
    print(f"\nmemory: {memory['idle_kib'] / 1024:.1f} MiB idle; {memory['kib_per_call']:.1f} KiB for "
          f"each of {memory['held']} calls in progress\n")


def print_head(what, columns):
    print(f"{what:26}" + "".join(f"{title:>14}" for _, title in columns))


def print_row(name, cells):
    print(f"{name:26}" + "".join(f"{cell:>14}" for cell in cells))


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
