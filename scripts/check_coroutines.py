#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what g++ 12 miscompiles in a full expression that contains co_await.

It destroys some temporaries of such an expression twice (GCC PR 99576, 100611, 101367, 101976):
closures with captures that are not trivial, aggregates made with braces, and class-type results of
`?:`. And it lays the frame out wrongly, so that the coroutine never begins, when a condition awaits
something of class type and the body declares nothing before: `{ while ((co_await f()).ok()) g(); }`.
The array behind a braced list that a `for` goes through is not in the frame, so it is gone when the
body has awaited. `out << a() << co_await b()` calls b before a, and `while (a && co_await b)` awaits
b once more when a has become false.
The cure is always to name the thing first. A line that is right all the same says so at its end:
`// co_await-safe: why`.

    scripts/check_coroutines.py [FILE...]     with no file: every source
"""

import pathlib
import re
import sys

FOLDERS = ["async", "rpc", "server", "client", "tests", "bench", "examples"]
ALLOWED = "co_await-safe:"

NOISE = re.compile(
    r'R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"'  # raw strings
    r'|"(?:[^"\\\n]|\\.)*"'  # strings
    r"|(?<![0-9A-Za-z])'(?:[^'\\\n]|\\.)+'"  # characters, but not digit separators
    r"|//[^\n]*|/\*.*?\*/"  # comments
    r"|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*",  # preprocessor lines
    re.DOTALL | re.MULTILINE,
)
# A lambda, told from a subscript by what comes before it. Captures by reference, `this` alone and
# no captures at all are trivial to destroy.
LAMBDA = re.compile(r"(?:[(,={?:|&]|\breturn|\bco_await|^)\s*\[(?P<captures>[^\[\]]*)\]\s*[({]")
TRIVIAL_CAPTURES = re.compile(r"\s*((&\s*\w*|this)\s*(,\s*(&\s*\w+|this)\s*)*)?$")
CONDITION = re.compile(r"\b(?:while|if|for)\s*\([^;]*\(co_await\b[^;]*\)\s*\.\s*\w+")
OPERAND = r"(?:[^();{]|\([^();{]*\))*"
SHORT_CIRCUIT = re.compile(rf"\bwhile\s*\({OPERAND}(?:&&|\|\|){OPERAND}\(*\s*co_await\b")
CALL = re.compile(r"\w\s*\(")
FOR_OVER_LIST = re.compile(r"\bfor\s*\([^;:(){}]*(?<!:):(?!:)\s*\{[^;{}]*\}\s*\)\s*")
SUSPENDS = re.compile(r"\bco_(?:await|yield)\b")
BRACED = re.compile(r"[(,]\s*(?:[\w:]+(?:<[^<>;]*>)?)?\{\s*\.\w+\s*=")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def full_expressions(code):
    """(offset, text) of each statement that contains co_await, with the bodies of lambdas cut out:
    what is in a body is a full expression of its own."""
    start = 0
    for position, character in enumerate(code):
        if character not in ";{}":
            continue
        # A brace inside parentheses belongs to the expression around it.
        text = code[start:position]
        if character != ";" and text.count("(") > text.count(")"):
            continue
        if character == "{" and re.search(r"co_await\b", text) and not re.search(r"\)\s*$", text):
            continue
        if re.search(r"\bco_await\b", text):
            yield start, text
        start = position + 1


def hazards(text):
    awaited = re.search(r"\bco_await\b", text)
    for match in LAMBDA.finditer(text):
        if not TRIVIAL_CAPTURES.match(match["captures"]) and match.end() > awaited.start():
            yield match.start("captures"), "name this closure before the co_await"
    if match := CONDITION.search(text):
        yield match.start(), "name what this condition awaits"
    if match := SHORT_CIRCUIT.search(text):
        yield match.start(), "await in the loop's body, not behind && or ||"
    for match in BRACED.finditer(text):
        if match.end() > awaited.start():
            yield match.start(), "name this aggregate before the co_await"
    for match in re.finditer(r"\?(?!\?)", text[awaited.end():]):
        yield awaited.end() + match.start(), "use if and else instead of ?: beside co_await"
    for match in re.finditer(r"\bco_await\b", text):
        written_before = text[:match.start()].split("<<")[1:-1]
        if any(CALL.search(operand) and "co_await" not in operand for operand in written_before):
            yield match.start(), "name what is awaited before it is written with <<"


def statement_at(code, start):
    """The statement that begins at start: a block, or up to the semicolon after it."""
    depth = 0
    for position in range(start, len(code)):
        character = code[position]
        depth += (character in "({") - (character in ")}")
        if depth == 0 and character in ";}":
            return code[start:position + 1]
    return code[start:]


def loops_over_lists(code):
    """(offset, advice) of each `for` through a braced list whose body suspends."""
    for match in FOR_OVER_LIST.finditer(code):
        if SUSPENDS.search(statement_at(code, match.end())):
            yield match.start(), "name the list that this loop goes through"


def check(path, source):
    lines = source.split("\n")
    code = NOISE.sub(blank, source)
    hits = [(offset + position, advice)
            for offset, text in full_expressions(code) for position, advice in hazards(text)]
    hits.extend(loops_over_lists(code))
    found = set()
    for position, advice in hits:
        line = code.count("\n", 0, position) + 1
        if ALLOWED not in lines[line - 1]:
            found.add((line, advice))
    return [f"{path}:{line}: {advice}" for line, advice in sorted(found)]


BAD = [
    "co_await pool.run([x] { return x; });",
    "co_await pool.run(\n    [x = std::move(x)]() mutable { return x; });",
    "auto y = co_await f(Options{.a = 1});",
    "co_await f({.a = 1, .b = 2});",
    "co_await f(b ? std::string(s) : t);",
    "if (co_await f([=] { return 1; })) {}",
    "co_return co_await f([&a, b] { return 1; });",
    "while ((co_await f()).ok()) g();",
    "if (!(co_await f(x)).ok()) co_return;",
    "out << a() << co_await b();",
    "out << a() <<\n    to_string(co_await b()) << c();",
    "for (const int n : {1, 2}) co_await f(n);",
    "for (const Duration d : {Duration(1ms), Duration(2ms)}) {\n  g();\n  if (b) { co_yield d; }\n}",
]
GOOD = [
    "auto fn = [x] { return x; }; co_await pool.run(std::move(fn));",
    "co_await pool.run([&] { return x; });",
    "co_await pool.run([this, &x] { return x; });",
    "co_await f(table[i](x));",
    "auto fn = [x]() -> Task<int> { co_await g(); co_return b ? 1 : 2; };",
    "co_await f(b ? 1 : 2);  // co_await-safe: ints",
    '// co_await f([x] {});\nco_await f("[x] {");',
    "Options o{.a = 1}; co_await f(std::move(o));",
    "for (;;) { const Status s = co_await f(); if (!s.ok()) break; }",
    "while (auto x = co_await f()) g(x);",
    "const int n = b ? 1 : 2; co_await f(n);",
    'EXPECT_TRUE(co_await f()) << "text";',
    "const int n = co_await b(); out << a() << n;",
    'out << "text" << x << to_string(co_await b()) << c();',
    "auto fn = [&]() -> Task<void> { out << a(); co_await b(); };",
    "for (const int n : {1, 2}) f(n);\nco_await g();",
    "for (const int n : {1, 2}) { f(n); }\nco_await g();",
    "for (const int n : list) co_await f(n);",
    "for (const auto& n : std::vector<int>{1, 2}) co_await f(n);",
]


def check_myself():
    for example in BAD:
        assert check("bad", example), f"does not find: {example}"
    for example in GOOD:
        assert not check("good", example), f"finds fault with: {example}"


def main():
    check_myself()
    root = pathlib.Path(__file__).resolve().parent.parent
    paths = [pathlib.Path(argument) for argument in sys.argv[1:]] or sorted(
        path
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in (".h", ".cc")
    )
    found = [line for path in paths for line in check(path, path.read_text(encoding="utf-8"))]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
