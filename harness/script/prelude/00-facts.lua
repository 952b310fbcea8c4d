-- The parts of this folder are one chunk, in the order of their names.
--
-- What a scenario sees: `t`, clusters, IKE SAs, payload makers. Built on the
-- functions of `core` (bind_*.c). A scenario does things and says what should
-- be seen; every expectation goes into events.jsonl and is judged from the
-- capture, never here.

local core, facts = ...

local NS = 1000000000
local EXCHANGES = {
    IKE_SA_INIT = 34, IKE_AUTH = 35, CREATE_CHILD_SA = 36,
    INFORMATIONAL = 37, IKE_SESSION_RESUME = 38, IKE_INTERMEDIATE = 43,
    IKE_FOLLOWUP_KE = 44,
}
local PAYLOADS = {
    SA = 33, KE = 34, IDi = 35, IDr = 36, CERT = 37, CERTREQ = 38, AUTH = 39,
    NONCE = 40, N = 41, D = 42, V = 43, TSi = 44, TSr = 45, SK = 46, CP = 47,
    EAP = 48, SKF = 53,
}
local ANSWER_SECONDS = 5    -- an answer that a gateway owes
local SILENCE_SECONDS = 0.8 -- longer than the first retransmission (0.5 s)
local SETUP_SECONDS = 15    -- an IKE SA and its Child SA

local handlers = {}
local timers = {}           -- {due, action}, unordered
local t = {clusters = {}}
local SA, Cluster, Rule, Gateway = {}, {}, {}, {}
local tamper_esp            -- below, with the rules
local unmet = 0             -- expectations that looked unmet while playing
