-- Makes the clause catalogue that the oracle compiles in from the CSV files
-- named on the command line (RFC 4180, columns as in scenarios/clauses).
-- Each row becomes CLAUSE(NAME, id, section, level, subject, statement,
-- observe, provoke, violation).

local columns = { "id", "section", "level", "subject", "statement", "observe",
                  "provoke", "violation" }
local levels = { ["MUST"] = "LEVEL_MUST", ["MUST NOT"] = "LEVEL_MUST_NOT",
                 ["SHOULD"] = "LEVEL_SHOULD",
                 ["SHOULD NOT"] = "LEVEL_SHOULD_NOT",
                 ["RECOMMENDED"] = "LEVEL_RECOMMENDED",
                 ["MAY"] = "LEVEL_MAY", ["fact"] = "LEVEL_FACT" }
local observes = { wire = "OBSERVE_WIRE", keys = "OBSERVE_KEYS",
                   behaviour = "OBSERVE_BEHAVIOUR",
                   internal = "OBSERVE_INTERNAL" }

local function die(...)
    io.stderr:write("clauses.lua: ", string.format(...), "\n")
    os.exit(1)
end

-- Calls take(fields, line) for each record; a quoted field may hold commas,
-- doubled quotes and line ends.
local function each_record(text, path, take)
    local at, line = 1, 1
    while at <= #text do
        local fields, first = {}, line
        repeat
            local field, separator
            if text:sub(at, at) == '"' then
                local parts = {}
                at = at + 1
                while true do
                    local quote = text:find('"', at, true)
                    if not quote then
                        die("%s:%d: a quote is not closed", path, first)
                    end
                    parts[#parts + 1] = text:sub(at, quote - 1)
                    at = quote + 1
                    if text:sub(at, at) ~= '"' then break end
                    parts[#parts + 1] = '"'
                    at = at + 1
                end
                field = table.concat(parts)
                separator = text:match("^\r?\n", at) or text:match("^,", at)
                if not separator and at <= #text then
                    die("%s:%d: text behind a closing quote", path, first)
                end
            else
                local finish = text:find("[,\r\n]", at) or #text + 1
                field = text:sub(at, finish - 1)
                at = finish
                separator = text:match("^\r?\n", at) or text:match("^,", at)
            end
            local _, lines = field:gsub("\n", "")
            line = line + lines
            fields[#fields + 1] = field
            at = at + #(separator or "")
        until separator ~= ","
        line = line + 1
        take(fields, first)
    end
end

local function quoted(text)
    return '"' .. text:gsub('[^%w !#-/:->@%[%]^_`{|}~]', function(c)
        return string.format("\\%03o", c:byte())
    end) .. '"'
end

local names = {}

local function row(fields, path, line)
    if #fields ~= #columns then
        die("%s:%d: %d columns, not %d", path, line, #fields, #columns)
    end
    local clause = {}
    for i, column in ipairs(columns) do clause[column] = fields[i] end
    local name = clause.id:gsub("[^%w]", "_")
    if not clause.id:match("^RFC%d+%-[%w.]+%-%d+$") then
        die("%s:%d: '%s' is no clause id", path, line, clause.id)
    end
    if names[name] then
        die("%s:%d: %s stands in %s already", path, line, clause.id,
            names[name])
    end
    names[name] = string.format("%s:%d", path, line)
    local level = levels[clause.level] or
        die("%s:%d: no such level: '%s'", path, line, clause.level)
    local observe = observes[clause.observe] or
        die("%s:%d: no such observe: '%s'", path, line, clause.observe)
    print(string.format("CLAUSE(%s, %s, %s, %s, %s, %s, %s, %s, %s)", name,
        quoted(clause.id), quoted(clause.section), level,
        quoted(clause.subject), quoted(clause.statement), observe,
        quoted(clause.provoke), quoted(clause.violation)))
end

if #arg == 0 then die("no CSV file is named") end
for _, path in ipairs(arg) do
    local file, reason = io.open(path, "rb")
    if not file then die("%s", reason) end
    local header = true
    each_record(file:read("a"), path, function(fields, line)
        if header then
            if table.concat(fields, ",") ~= table.concat(columns, ",") then
                die("%s:1: the columns are not %s", path,
                    table.concat(columns, ","))
            end
            header = false
        else
            row(fields, path, line)
        end
    end)
    file:close()
end
