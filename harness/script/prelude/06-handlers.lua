-- Handlers.

-- A datagram on its way out. True: the script has taken care of it.
function handlers.outgoing(number, info)
    info.time = core.now()
    local cluster = t.clusters[number]
    if info.spi and info.fragment == 1 then
        local sa = sa_for(number, info.spi)
        if info.repeat_count == 0 then
            sa.sent_messages[#sa.sent_messages + 1] = info
        end
    end
    if not info.exchange then
        return withheld
    end
    for _, rule in ipairs(cluster.rules) do
        if rule:acts_later() and applies(rule, info) then
            act(rule, info)
            return true
        end
    end
    return false
end

local function on_established(sa)
    local cluster = sa.cluster
    cluster.established[#cluster.established + 1] = sa
end

function handlers.event(event)
    event.time = core.now()
    if not event.spi then
        return
    end
    local sa = sa_for(event.cluster, event.spi)
    if event.kind == "request" then
        table.insert(sa.requests, event)
    elseif event.kind == "response" then
        table.insert(sa.responses, event)
    elseif event.kind == "sync" then
        if sa.pending_sync then
            sa.pending_sync.done = true
        end
    elseif event.kind == "established" then
        on_established(sa)
    elseif event.kind == "rekeyed" then
        sa.replaced_by = sa_for(event.cluster, event.other)
    elseif event.kind == "closed" then
        sa.closed = event.reason or "closed"
    end
    core.verbose(string.format("%s %s %s", hex64(event.spi), event.kind,
                               event.reason or ""))
end

-- The header of every IKE message that arrives, authentic or not.
function handlers.incoming(header)
    header.time = core.now()
    for _, cluster in pairs(t.clusters) do
        for _, spi in ipairs {header.spi_i, header.spi_r} do
            local sa = cluster.sas[spi]
            if sa then
                table.insert(sa.incoming, header)
            end
        end
    end
end

local echoes = {}

function handlers.esp(packet)
    packet.time = core.now()
    heard[packet.spi] = (heard[packet.spi] or 0) + 1
    if packet.echo_reply then
        local echo = packet.identifier .. "/" .. packet.sequence
        echoes[echo] = echoes[echo] or {}
        table.insert(echoes[echo], packet.time)
    end
end
