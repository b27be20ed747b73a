#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the documentation true.

A code block below a line such as <!-- from server/users/user_service.cc [list_users] --> is the part
of that file between two lines that say [list_users]. `docs.py fix` copies it from there, `docs.py
check` fails if it differs, or if a relative link leads nowhere: to a file or a heading that is not
there.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- from (\S+) \[(\S+)\] -->\n```\w*\n)(.*?)(```)", re.S)
CODE = re.compile(r"^(```.*?^```|    [^\n]*)|`[^`\n]*`", re.S | re.M)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.M)


def region(path: str, name: str) -> str:
    lines = (ROOT / path).read_text().splitlines()
    marks = [i for i, line in enumerate(lines) if f"[{name}]" in line]
    if len(marks) != 2:
        raise SystemExit(f"docs: {path} must have two lines with [{name}]")
    return textwrap.dedent("\n".join(lines[marks[0] + 1 : marks[1]])).strip("\n") + "\n"


def anchors(page: pathlib.Path) -> set[str]:
    """The headings of a page as GitHub spells them in links."""
    titles = HEADING.findall(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_link(page: pathlib.Path, target: str, anchor: str) -> bool:
    to = page.parent / target if target else page
    if not to.exists():
        return True
    return bool(anchor) and to.suffix == ".md" and anchor not in anchors(to)


def main(mode: str) -> int:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()
    errors = []
    for name in listed:
        page = ROOT / name
        if not page.exists():
            continue
        text = page.read_text()
        fresh = BLOCK.sub(lambda m: m[1] + region(m[2], m[3]) + m[5], text)
        if fresh != text:
            if mode == "fix":
                page.write_text(fresh)
            else:
                errors.append(f"{name}: a code block differs from its file; run make fmt")
        for target, anchor in LINK.findall(CODE.sub("", fresh)):
            if dead_link(page, target, anchor):
                errors.append(f"{name}: the link to {target}{'#' * bool(anchor)}{anchor} leads nowhere")
    print("\n".join(errors) if errors else "docs: blocks and links are true")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("fix", "check"):
        raise SystemExit("usage: docs.py fix|check")
    sys.exit(main(sys.argv[1]))
