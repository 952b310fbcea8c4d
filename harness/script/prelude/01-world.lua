-- Ends, time.

-- Ends the scenario: it cannot go on, and nobody is accused.
local function stop(...)
    error({inconclusive = string.format(...)}, 0)
end

-- The names of a list, for `only`.
local function names(...)
    local set = {}
    for _, name in ipairs {...} do
        set[name] = true
    end
    return set
end

-- A field that nobody reads is a mistake.
local function only(fields, known, what)
    for name in pairs(fields) do
        if not known[name] then
            error(what .. " has no field " .. tostring(name), 3)
        end
    end
    return fields
end

local function check_child(child)
    if child ~= nil and math.type(child) ~= "integer" then
        error("a Child SA is named by its spi_in, not by a " .. type(child), 3)
    end
end

local function exchange_number(exchange)
    if exchange == nil or math.type(exchange) == "integer" then
        return exchange
    end
    return EXCHANGES[exchange] or
        error("there is no exchange named " .. tostring(exchange), 3)
end

local function next_timer()
    local due = math.maxinteger
    for _, timer in ipairs(timers) do
        due = math.min(due, timer.due)
    end
    return due
end

local function run_timers(now)
    local ready = {}
    for i = #timers, 1, -1 do
        if timers[i].due <= now then
            table.insert(ready, 1, table.remove(timers, i))
        end
    end
    for _, timer in ipairs(ready) do
        timer.action()
    end
end

local function later(seconds, action)
    local due = core.now() + math.floor(seconds * NS)
    timers[#timers + 1] = {due = due, action = action}
end

-- Drives the world until `ready()` or for `seconds`.
local function wait(seconds, ready)
    local deadline = core.now() + math.floor(seconds * NS)
    while true do
        if ready and ready() then
            return true
        end
        local now = core.now()
        run_timers(now)
        if now >= deadline then
            return ready ~= nil and ready() or false
        end
        core.step(math.min(deadline, next_timer()))
    end
end

-- What the script does takes a microsecond, so that in virtual time too it
-- comes after what it answers to.
local function tick()
    core.step(core.now() + 1000)
end

local function hex64(spi)
    return string.format("%016x", spi)
end

local function hex(octets)
    return (octets:gsub(".", function(c)
        return string.format("%02x", c:byte())
    end))
end

local function inject(what, text, digest)
    core.verbose(what .. ": " .. text)
    core.note {event = "inject", what = what, text = text, digest = digest}
end
