-- Running.

local function classify(message)
    if type(message) == "table" and message.inconclusive then
        return unmet > 0 and "done" or "inconclusive", message.inconclusive
    elseif type(message) == "table" and message.failure then
        return "failure", message.failure
    elseif message == "out of time" then
        return "inconclusive", "the scenario's time is up"
    elseif message == "interrupted" then
        return "interrupted", "interrupted"
    end
    return "error", tostring(message)
end

-- Returns how it ended ("done", "inconclusive", "error", "failure",
-- "interrupted") and why.
local function play()
    local done, message = xpcall(function()
        facts.run(t, core.violates())
        core.pending()
    end, core.place)
    if done then
        return "done"
    end
    return classify(message)
end

return handlers, play
