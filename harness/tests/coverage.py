#!/usr/bin/python3
"""Every clause of RFC 6311 has a scenario, or a reason why it has none.

usage: coverage.py COUNTERFOIL UNTESTED.md

Compares the catalogue with the clauses that scenarios name and with the tables
in UNTESTED.md. A clause that is `internal` needs neither; one that is in both,
or in neither, or unknown, is an error.
"""
import json
import re
import subprocess
import sys

PREFIX = "RFC6311-"


def listed(program, what):
    out = subprocess.run([program, "list", what, "--json"], check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    program, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        rows = re.findall(r"^\| *(RFC\S+) *\|(.*)\|$", file.read(), re.M)
    excused = {clause: reason.strip() for clause, reason in rows}
    named = {c for s in listed(program, "scenarios") for c in s["clauses"]}
    clauses = {c["id"]: c for c in listed(program, "clauses")}
    wrong = [f"{c}: stands there twice" for c in excused
             if sum(r[0] == c for r in rows) > 1]
    wrong += [f"{c}: there is no such clause"
              for c in excused if c not in clauses]
    wrong += [f"{c}: no reason" for c, reason in excused.items() if not reason]
    for clause, facts in clauses.items():
        if not clause.startswith(PREFIX) or facts["observe"] == "internal":
            continue
        if clause in named and clause in excused:
            wrong.append(f"{clause}: a scenario names it by now")
        elif clause not in named and clause not in excused:
            wrong.append(f"{clause}: no scenario names it, and {path} "
                         "does not say why")
    for line in wrong:
        print(line)
    covered = sum(c.startswith(PREFIX) for c in named)
    print(f"{covered} clauses of RFC 6311 have a scenario, {len(excused)} "
          "a reason why not")
    return bool(wrong) or not covered


if __name__ == "__main__":
    sys.exit(main())
