#!/usr/bin/python3
"""Every clause has something that provokes or shows it, or a reason why not.

usage: coverage.py COUNTERFOIL HOME

HOME is the source tree. Of each clause of scenarios/clauses/*.csv whose
`observe` is not `internal`: a scenario names it, or a reference script is in
pcaps/rules, or it stands in scenarios/clauses/untested.md (`RFC4555-*` speaks
for a whole document). Of each clause that a rule in harness/oracle/*.c is
about: a reference script is in pcaps/rules, or it stands in the table of
pcaps/README.md. A clause that has what its row says it lacks, that stands
there twice, or that does not exist is an error, too.
"""
import json
import pathlib
import re
import subprocess
import sys

# Rows of these mean that no rule of the oracle judges the clause; a scenario
# may expect something all the same.
UNJUDGED = "what no rule of the oracle judges"
# In pcaps/README.md only the rows below this heading.
NO_CAPTURE = "## Clauses with a rule and no violating capture"


def listed(program, what):
    out = subprocess.run([program, "list", what, "--json"], check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)


class Table:
    """Rows `| clause | reason |` of a text."""

    def __init__(self, name, text, clauses):
        self.name, self.wrong = name, []
        rows = re.findall(r"^\| *(RFC\S+) *\|(.*)\|$", text, re.M)
        self.clauses = [c for c, _ in rows if not c.endswith("*")]
        self.documents = [c[:-1] for c, _ in rows if c.endswith("*")]
        for clause, reason in rows:
            known = clause in clauses or (
                clause.endswith("-*") and
                any(c.startswith(clause[:-1]) for c in clauses))
            if not known:
                self.complain(clause, "there is no such clause")
            if not reason.strip():
                self.complain(clause, "no reason")
            if sum(c == clause for c, _ in rows) > 1:
                self.complain(clause, "stands there twice")
        for clause in self.clauses:
            if self.document_of(clause):
                self.complain(clause, "so says the row of its document")

    def complain(self, clause, what):
        line = f"{clause}: {self.name}: {what}"
        if line not in self.wrong:
            self.wrong.append(line)

    def document_of(self, clause):
        return any(clause.startswith(d) for d in self.documents)

    def __contains__(self, clause):
        return clause in self.clauses or self.document_of(clause)


def rules(home, clauses):
    """The clauses that C sources of the oracle name."""
    names = {re.sub("[.-]", "_", c): c for c in clauses}
    found = set()
    for path in (home / "harness/oracle").glob("*.c"):
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r"\bCLAUSE_(RFC\w+)", text))
    return {names[c] for c in found}


def unjudged(text):
    """The rows of the parts that are about rules, not about scenarios."""
    parts = re.split(r"^# ", text, flags=re.M)
    return set(re.findall(r"^\| *(RFC\S+) *\|", "\n".join(
        p for p in parts if UNJUDGED in p.split("\n")[0]), re.M))


def main():
    program, home = sys.argv[1], pathlib.Path(sys.argv[2])
    clauses = {c["id"]: c for c in listed(program, "clauses")}
    named = {c for s in listed(program, "scenarios") for c in s["clauses"]}
    shown = {path.stem for path in (home / "pcaps/rules").glob("RFC*.lua")}
    judged = rules(home, clauses)
    text = (home / "scenarios/clauses/untested.md").read_text(encoding="utf-8")
    untested = Table("untested.md", text, clauses)
    _, _, text_shown = (home / "pcaps/README.md").read_text(
        encoding="utf-8").partition(NO_CAPTURE)
    unshown = Table("pcaps/README.md", text_shown, clauses)
    wrong = untested.wrong + unshown.wrong
    no_rule = unjudged(text)

    for clause, facts in clauses.items():
        reached = clause in named or clause in shown
        if clause in untested:
            if facts["observe"] == "internal":
                if not untested.document_of(clause):
                    untested.complain(clause, "it is internal, and needs none")
            elif clause in judged and clause in no_rule:
                wrong.append(f"{clause}: untested.md: there is a rule by now")
            elif reached and clause not in no_rule:
                wrong.append(f"{clause}: untested.md: a scenario names it by "
                             "now, or a reference script shows it")
        elif facts["observe"] != "internal" and not reached:
            wrong.append(f"{clause}: no scenario names it, no reference "
                         "script shows it, and untested.md does not say why")
    for clause in sorted(judged | set(unshown.clauses)):
        if clause in shown and clause in unshown:
            wrong.append(f"{clause}: pcaps/README.md: there is a capture")
        elif clause not in judged:
            wrong.append(f"{clause}: pcaps/README.md: there is no rule")
        elif clause not in shown and clause not in unshown:
            wrong.append(f"{clause}: it has a rule, no script in pcaps/rules, "
                         "and pcaps/README.md does not say why")
    wrong += [f"{c}: a reference script, and no rule"
              for c in sorted(shown - judged)]
    for line in wrong + [w for w in untested.wrong if w not in wrong]:
        print(line)
    print(f"{len(clauses)} clauses: {len(named)} named by a scenario, "
          f"{len(judged)} with a rule, {len(shown)} with reference captures")
    return bool(wrong or untested.wrong) or not (named and judged and shown)


if __name__ == "__main__":
    sys.exit(main())
