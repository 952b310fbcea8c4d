#!/bin/bash
# Scenarios that go wrong while they play: each ends with one line that names
# its own line and the reason, and none takes the player with it.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
folder=$(mktemp -d /tmp/counterfoil-bad.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir own

# What comes of it, what the reason begins with, and the body of `run`; what
# stands before a bar goes before the cluster is made.
cat >cases <<'CASES'
error@arithmetic on a nil value@local x = nil + 1
error@error without a message@error(nil)
error@?? bad@error("\xff\xfe bad")
error@one two@error("one\ntwo")
error@nested@error(setmetatable({}, {__tostring = function() error("nested") end}))
error@nested@error(setmetatable({}, {__index = function() error("nested") end}))
error@attempt to call a nil value (method 'frobnicate')@sa:frobnicate()
error@stack overflow@local function f() return 1 + f() end f()
error@scenarios have no finalizers@setmetatable({}, {__gc = function() t:elapse(1) end})
error@attempt to yield@coroutine.yield()
error@cannot open@require("lib.nothing")
error@boom@cluster:tamper { before_seal = function() error("boom") end } sa:request_liveness(1)
error@late@cluster:tamper { before_seal = function() error("late") end } sa:start_liveness()
error@octets must be a string@cluster:tamper { after_seal = function() end } sa:request_liveness(1)
error@before_seal must return a message@cluster:tamper { before_seal = function() return 5 end } sa:request_liveness(1)
error@payloads must be a table@cluster:tamper { before_seal = function() return { payloads = 5 } end } sa:request_liveness(1)
error@type must be a whole number@cluster:tamper { before_seal = function() return { payloads = { { type = "x" } } } end } sa:request_liveness(1)
error@payloads: too many (97 > 96)@cluster:tamper { before_seal = function(m) for i = 1, 97 do m.payloads[i] = payload(43) end return m end } sa:request_liveness(1)
error@this cannot be done within a callback@cluster:tamper { before_seal = function(m) t:elapse(1) end } sa:request_liveness(1)
error@this cannot be done within a callback@cluster:tamper { before_seal = function(m) cluster:fail_over() end } sa:request_liveness(1)
error@this cannot be done within a callback@cluster:tamper { after_seal = function(o) sa:start_liveness() return o end } sa:request_liveness(1)
error@this cannot be done within a callback@cluster:tamper { when = function() sa:abandon() end, drop = true } sa:request_liveness(1)
error@there is no defect nonsense@t.gateway:defect("nonsense")
error@bang@t.gateway:tamper { before_seal = function() error("bang") end } sa:request_liveness(1)
error@before_seal must return a message@t.gateway:tamper { before_seal = function() return 5 end } sa:request_liveness(1)
error@this cannot be done within a callback@t.gateway:tamper { after_seal = function(o) t:elapse(1) return o end } sa:request_liveness(1)
error@this cannot be done within a callback@t.gateway:tamper { when = function() t.gateway:operate("liveness") end, drop = true } sa:request_liveness(1)
error@there is no exchange named FOO@t.gateway:tamper { exchange = "FOO" }
error@attempt to compare@cluster:tamper { limit = "x", drop = true } sa:request_liveness(1)
error@there is no exchange named FOO@cluster:tamper { exchange = "FOO" }
error@attempt to index a nil value@t:expect_answer()
error@an expectation has no field clause@t:expect_answer(sa:start_liveness(), { clause = "RFC6311-5-04" })
error@there is no clause RFC9999-1@t:expect_answer(sa:start_liveness(), { clauses = { "RFC9999-1" } })
error@clauses must be a list@t:expect_answer(sa:start_liveness(), { clauses = "RFC6311-5-04" })
error@text must be a string@local a = {} a.a = a t:expect_answer(sa:start_liveness(), { text = a })
error@m1 must be a whole number@sa:synchronize { m1 = "x" }
error@m1 must be 0 to 4294967295, it is -5@sa:synchronize { m1 = -5 }
error@nonce must have 4 octets, it has 2@sa:synchronize { nonce = "xx" }
error@delta_size must be 4 or 8@sa:synchronize { delta = 1, delta_size = 3 }
error@a payload must be a table@sa:send { payloads = { 5 } }
error@notify: there is no notify type@sa:send { payloads = { { notify = "NO_SUCH" } } }
error@message_id must be 0 to@sa:send { message_id = -1 }
error@source: x is not an address@sa:send { source = "x" }
error@source_port must be 0 to 65535@sa:send { source_port = 99999 }
error@size must be a whole number@sa:ping { size = "x" }
error@bad argument #2 to 'corrupt'@sa:ping { corrupt = 99999 }
error@harness member 1 has no Child SA 0000004d@sa:ping { child = 77 }
error@bad argument #4 to 'set_counters'@sa:set_counters(1)
error@delay is 0 to 86400 s@cluster:synch("all", "delay", -1)
error@there is no synch message kind foo@cluster:synch("foo", "lose")
error@cluster harness has no other member@cluster:fail_over() cluster:fail_over()
error@a cluster has 1 to 255 members@t:cluster { members = 0 } | 
error@a cluster has no option frob@t:cluster { frob = 7 } |
error@the fate of synch messages is a word, not nil@cluster:synch("message_id")
error@there is no schedule "every 1.5"@cluster:synch("message_id", "every 1.5")
error@there is no schedule "every 0s"@cluster:synch("message_id", "every 0s")
error@to must be 0 to 2, it is 3@cluster:synch("message_id", "lose", { to = 3 })
error@a synch channel has no option limits@cluster:synch("message_id", "lose", { limits = 3 })
error@there is no failure "crashed"@cluster:fail_over("crashed")
error@member 2 of 2 of cluster harness is not active@cluster:fail_over("crash", { member = 2 })
error@there is no member -5 (of 2)@cluster:recover(-5)
error@there is no member 99 (of 2)@cluster:recover(99)
error@there is no member@sa:known_to(1 << 62)
error@members 1 to 2, not of 3@cluster:fail_over() sa:known_before(3)
error@tamper has no field dropp@cluster:tamper { dropp = true }
error@tamper has no field dropp@t.gateway:tamper { dropp = true }
error@connect has no field members@cluster:connect { members = 2 }
error@named by its spi_in, not by a table@sa:ping { child = sa.children[1] }
error@named by its spi_in, not by a table@sa:rekey_child(sa.children[1])
error@await needs a condition@t:await(1)
error@ping has no field numbr@sa:ping { numbr = 7 }
error@synchronize has no field m3@sa:synchronize { m3 = 4 }
error@send has no field message@sa:send { message = 4 }
error@a request has no field message@t:expect_request({ sa = sa, message = 4 }, {})
error@says no gateway = "cluster"@t.gateway:fail("crash")
inconclusive@gateway synch: "loose" is neither a fate@t.gateway:synch("all", "loose")
inconclusive@gateway synch: there is no member 3 (of 1)@t.gateway:synch("all", "lose", { to = 3 })
inconclusive@gateway traffic: there is no member 5 (of 1)@t.gateway:traffic(1, 0, { member = 5 })
error@takeover is "by_hand", "eager" or "lazy", not "eagerly"@t:cluster { takeover = "eagerly" } |
error@takeover has no option jumps@t:cluster { takeover = { jumps = 1 } } |
error@window must be 1 at least@t:cluster { window = 0 } |
error@ike: "aes128-foo": there is no transform@local c = t:peer {} t:cluster { ike = "aes128-foo" } |
error@options of the gateway are strings@t:cluster { gateway = { auth = t.cluster } } |
error@the name is too long@t:cluster { name = ("x"):rep(61) } |
inconclusive@without a reason@error({ inconclusive = true }, 0)
inconclusive@harness member 1 holds no IKE SA@sa:delete() sa:send {}
inconclusive@the scenario's time is up@while true do end
inconclusive@the scenario's time is up@while true do pcall(function() while true do end end) end
inconclusive@the scenario's time is up@coroutine.wrap(function() while true do end end)()
inconclusive@the scenario's time is up@t:elapse(1 / 0)
error@not enough memory@local s = "x" while true do s = s .. s end
pass@@coroutine.wrap(function() sa:request_liveness(1) end)()
CASES

count=0
while IFS= read -r line; do
    count=$((count + 1))
    body=${line#*@}
    body=${body#*@}
    setup='local cluster = t:cluster {} local sa = cluster:accept()'
    case $body in *'|'*) setup='' body=${body%|*} ;; esac
    cat >"own/$(printf 'bad%02d' $count).lua" <<LUA
return scenario {
    id = "own/$(printf 'bad%02d' $count)",
    title = "A scenario that goes wrong",
    clauses = { "RFC6311-5-04" },
    run = function(t)
        $setup
        $body
    end,
}
LUA
done <cases

"$program" run --gateway builtin --timeout 2 -j 4 --out out own >out.txt \
    2>err.txt </dev/null
status=$?

/usr/bin/python3 - "$status" <<'PYTHON'
import glob, json, re, sys

bad = 0
def report(good, what, more=""):
    global bad
    print(("ok - " if good else "not ok - ") + what)
    if not good:
        bad += 1
        print("    " + more)

report(sys.argv[1] == "2", "errors end with exit status 2", sys.argv[1])
for n, line in enumerate(open("cases"), 1):
    outcome, reason, body = line.rstrip("\n").split("@", 2)
    result = json.load(open("out/own/bad%02d/result.json" % n))
    seen = result["reason"]
    # Memory runs out, and time goes by, in no line in particular.
    placed = re.match(r"own/bad%02d\.lua:[67]: " % n, seen) or \
        outcome != "error" or reason.startswith("not enough")
    report(result["outcome"] == outcome and reason in seen and placed and
           "\n" not in seen, "%s: %s" % (outcome, body[:60]),
           "%s: %s" % (result["outcome"], seen))
for log in glob.glob("out/own/*/player.log"):
    text = open(log).read()
    report(text == "", log + " is empty", text[:2000])
sys.exit(1 if bad else 0)
PYTHON
