#!/usr/bin/python3
"""Every defect of the built-in gateway is caught, on the clause it violates.

usage: kill_matrix.py [--all] [--keep FOLDER] COUNTERFOIL [DEFECT...]

Plays each defect against the scenarios that name its clause and in which the
gateway is what the defect is one of, a peer or a cluster (--all: against every
one of that role) and prints a table: defect, clause, and the scenarios that have
a finding on just that clause. A scenario stands as `name` where a rule of the
oracle found it in the frames, as `name*` where an expectation of the scenario
did. Fails if a defect is not caught by a failure (a warning, where the clause
is a SHOULD), or if the gateway without defects has any finding.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

WIDTH = 79


def listed(program, what):
    out = subprocess.run([program, "list", what, "--json"], check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)


def play(program, folder, options):
    """The results of one run, or None and why there are none."""
    report = folder + ".json"
    done = subprocess.run(
        [program, "run", "--gateway", "builtin", "--out", folder,
         "--json", report, *options], capture_output=True, text=True)
    if not os.path.exists(report):
        return None, (done.stderr or done.stdout).strip()
    with open(report, encoding="utf-8") as file:
        return json.load(file)["results"], None


def findings(results):
    for result in results:
        for finding in result["findings"]:
            if finding["verdict"] in ("fail", "warning"):
                yield result["scenario"], finding


def catch(program, folder, defect, scenarios, everything):
    """(defect, {scenario: by a rule}, clauses found besides, why not)"""
    wanted = [s["id"] for s in scenarios if s["gateway"] == defect["role"] and
              (everything or defect["clause"] in s["clauses"])]
    if not wanted:
        return defect, {}, set(), "no scenario names its clause"
    options = ["--defect", defect["name"], *wanted]
    results, why = play(program, os.path.join(folder, defect["name"]), options)
    if results is None:
        return defect, {}, set(), why
    caught, besides = {}, set()
    for scenario, finding in findings(results):
        clause = finding["clause"]["id"]
        if clause == defect["clause"]:
            by_rule = not finding["from_scenario"]
            caught[scenario] = caught.get(scenario, False) or by_rule
        else:
            besides.add(clause)
    return defect, caught, besides, f"{len(results)} scenarios played"


def row(defect, caught, besides, why):
    names = [s + ("" if rule else "*") for s, rule in sorted(caught.items())]
    lines = [f"{defect['name']:32}  {defect['clause']:18}  "
             f"{'caught' if caught else 'NOT CAUGHT: ' + why}"]
    line = "   "
    for name in names:
        if len(line) + len(name) + 1 > WIDTH:
            lines.append(line)
            line = "   "
        line += " " + name
    if names:
        lines.append(line)
    if besides:
        lines.append(f"    besides: {' '.join(sorted(besides))}")
    return "\n".join(lines)


def conforming(program, folder):
    """What the gateway without defects is accused of, or did not play."""
    results, why = play(program, os.path.join(folder, "none"), [])
    if results is None:
        return [why]
    wrong = [f"{s}: {f['clause']['id']}: expected {f['expected']}, "
             f"saw {f['seen']}" for s, f in findings(results)]
    wrong += [f"{r['scenario']}: {r['outcome']}: {r['reason']}"
              for r in results if r["outcome"] != "pass"]
    return wrong


def matrix(arguments, folder):
    program = arguments.program
    scenarios = listed(program, "scenarios")
    defects = [d for d in listed(program, "defects")
               if not arguments.defects or d["name"] in arguments.defects]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = pool.submit(conforming, program, folder)
        rows = list(pool.map(lambda d: catch(program, folder, d, scenarios,
                                             arguments.all), defects))
        wrong = clean.result()
    for one in rows:
        print(row(*one))
    missed = [one[0]["name"] for one in rows if not one[1]]
    by_rule = sum(any(one[1].values()) for one in rows)
    print(f"\n{len(rows) - len(missed)} of {len(rows)} defects caught on "
          f"their own clause, {by_rule} of them by a rule from the frames "
          "alone")
    for name in missed:
        print(f"not caught: {name}")
    print(f"without defects: {len(wrong)} findings")
    for line in wrong:
        print(f"    {line}")
    return bool(missed or wrong or not rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true",
                        help="every scenario, not those with the clause")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the runs here")
    parser.add_argument("program", metavar="COUNTERFOIL")
    parser.add_argument("defects", metavar="DEFECT", nargs="*")
    arguments = parser.parse_args()
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
        return matrix(arguments, arguments.keep)
    with tempfile.TemporaryDirectory(prefix="counterfoil-kill.") as folder:
        return matrix(arguments, folder)


if __name__ == "__main__":
    sys.exit(main())
