-- What hangs on `t`.

function t:start_gateway(options)
    if self.gateway_started then
        return
    end
    self.gateway_started = true
    local done, why = core.gateway_start(options or {})
    if not done then
        error({failure = why}, 0)
    end
    if core.violates() and facts.violate then
        facts.violate(self)
    end
end

-- Unless a scenario says otherwise: encryption with random IVs for IKE, so that
-- a gateway that ties IVs to Message IDs can answer under a Message ID again.
local IKE_PROPOSAL = "aes128-sha256-x25519"
local ESP_PROPOSAL = "aes128gcm16"

local function gateway_options(options)
    local result = {}
    options.ike = options.ike or IKE_PROPOSAL
    options.esp = options.esp or ESP_PROPOSAL
    for _, name in ipairs {"ike", "esp", "auth", "fragmentation"} do
        result[name] = options[name]
    end
    local peer, gateway = addresses(options)
    if options.family == 6 then
        result.local_address, result.peer_address = gateway, peer
    end
    if options.mode and options.mode ~= "tunnel" then
        result.mode = options.mode == "host" and "tunnel" or "transport"
        result.local_ts, result.peer_ts = gateway, peer
    elseif options.inner == 6 then
        result.local_ts, result.peer_ts = core.address.gateway_network6,
            core.address.harness_network6
    end
    for k, v in pairs(options.gateway or {}) do
        result[k] = v
    end
    options.gateway = result
    return options
end

-- Our cluster: {members = 2, synch = {kind = fate}, ike, esp, auth, window,
-- message_id_sync, replay_counter_sync, fragmentation, cookie, family = 4 or
-- 6 (outside), inner = 4 or 6, mode = "tunnel", "host" (a
-- tunnel of the two ends alone), "transport" or "transport-only" (not granted,
-- it deletes the Child SA), replay_window, gateway = {options of the adapter}}.
function t:cluster(options)
    options = gateway_options(options or {})
    return new_cluster(options.name or "harness", options.members or 2,
                       options)
end

-- A single peer: a cluster of one.
function t:peer(options)
    options = gateway_options(options or {})
    return new_cluster(options.name or "harness", 1, options)
end

-- Lets time pass while everything goes on.
function t:elapse(seconds)
    wait(seconds)
end

-- Waits for a condition of the script's own.
function t:await(seconds, ready, what)
    if not ready then
        error("await needs a condition; t:elapse waits without one", 2)
    end
    if not wait(seconds, ready) then
        stop("%s did not happen in %g s", what or "what the script awaits",
             seconds)
    end
end

-- Until the condition is true, or for `seconds`; returns which it was.
function t:wait(seconds, ready)
    return wait(seconds, ready)
end

-- The scenario cannot be decided here; nobody is accused.
function t:inconclusive(...)
    stop(...)
end

-- A line for a person in the record.
function t:say(...)
    inject("note", string.format(...))
end
