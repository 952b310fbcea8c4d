#!/usr/bin/python3
"""The verdict of a live run, and that of `check` on its folder, are the same.

usage: same_verdict.py RESULT.json REPORT.json

Compares what was judged: verdict, reason, every finding, every tally. What
the profile adds afterwards (known deviations) is left out.
"""
import json
import sys

ADDED = ("known", "reason", "link")


def essence(result):
    findings = [{k: v for k, v in f.items() if k not in ADDED}
                for f in result["findings"]]
    return {"judged": result["judged"], "reason": result["reason"],
            "complete": result["complete"], "findings": findings,
            "tallies": result.get("tallies")}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        live = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        again = json.load(file)["results"]
    if len(again) != 1 or essence(live) != essence(again[0]):
        print(f"{live['scenario']}: live {live['judged']}, again "
              f"{[r['judged'] for r in again]}")
        sys.exit(1)


if __name__ == "__main__":
    main()
