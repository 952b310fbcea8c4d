# charon's log, a line "--- list-sas", `swanctl --list-sas`; key table rows on
# standard output. A thread of charon handles one message at a time, so what
# belongs together has the same thread number; but a responder derives the keys
# of its first IKE SA only with IKE_AUTH, so its proposal is known by its SA.

BEGIN {
    # What no table of Wireshark 4.0 has a name for is a comment there.
    FOREIGN = "#counterfoil "
    ike_encr["AES_CBC_128"] = "AES-CBC-128 [RFC3602]"
    ike_encr["AES_CBC_192"] = "AES-CBC-192 [RFC3602]"
    ike_encr["AES_CBC_256"] = "AES-CBC-256 [RFC3602]"
    ike_encr["AES_GCM_16_128"] = "AES-GCM-128 with 16 octet ICV [RFC5282]"
    ike_encr["AES_GCM_16_192"] = "AES-GCM-192 with 16 octet ICV [RFC5282]"
    ike_encr["AES_GCM_16_256"] = "AES-GCM-256 with 16 octet ICV [RFC5282]"
    ike_encr["CHACHA20_POLY1305"] = "ChaCha20 with Poly1305 [RFC7634]"
    ike_integ["HMAC_SHA1_96"] = "HMAC_SHA1_96 [RFC2404]"
    ike_integ["HMAC_SHA2_256_128"] = "HMAC_SHA2_256_128 [RFC4868]"
    ike_integ["HMAC_SHA2_384_192"] = "HMAC_SHA2_384_192 [RFC4868]"
    ike_integ["HMAC_SHA2_512_256"] = "HMAC_SHA2_512_256 [RFC4868]"
    esp_encr["AES_CBC"] = "AES-CBC [RFC3602]"
    esp_encr["AES_GCM_16"] = "AES-GCM with 16 octet ICV [RFC4106]"
    esp_encr["CHACHA20_POLY1305"] = "ChaCha20 with Poly1305 [RFC7634]"
    esp_integ["HMAC_SHA1_96"] = "HMAC-SHA-1-96 [RFC2404]"
    esp_integ["HMAC_SHA2_256_128"] = "HMAC-SHA-256-128 [RFC4868]"
    esp_integ["HMAC_SHA2_384_192"] = "HMAC-SHA-384-192 [RFC4868]"
    esp_integ["HMAC_SHA2_512_256"] = "HMAC-SHA-512-256 [RFC4868]"
}

# ---- swanctl --list-sas: "gateway: #2, ESTABLISHED, IKEv2, 9a.._i* 94.._r"

/^--- list-sas$/ { in_list = 1; next }

in_list && / IKEv2, / {
    id = $2
    gsub(/[#,]/, "", id)
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^[0-9a-f]+_i/) spi_i = substr($i, 1, 16)
        if ($i ~ /^[0-9a-f]+_r/) spi_r = substr($i, 1, 16)
    }
    know_spis(id, spi_i, spi_r)
    next
}

in_list { next }

# ---- The log: "TIME 13[IKE] <gateway|1> text"

{
    thread = substr($2, 1, index($2, "[") - 1)
    text = $0
    sub(/^[^ ]+ [^ ]+ /, "", text)
    if (text ~ /^<[^>]*>/) {
        id = substr(text, 2, index(text, ">") - 2)
        sub(/^.*\|/, "", id)
        sub(/^<[^>]*> /, "", text)
        sa[thread] = id
    }
}

# Started anew: it counts SAs from 1 again.
text ~ /^spawning [0-9]+ worker threads/ {
    for (i in keys_of) delete keys_of[i]
    for (i in spis_of) delete spis_of[i]
    for (i in printed) delete printed[i]
}

# A dump: its head names the secret, its lines hold 16 octets each.
text ~ / => [0-9]+ bytes @ / {
    secret[thread] = text
    sub(/ => .*/, "", secret[thread])
    left[thread] = text
    sub(/.* => /, "", left[thread])
    sub(/ bytes.*/, "", left[thread])
    value[thread] = ""
    next
}

left[thread] > 0 && text ~ /^ *[0-9]+: / {
    line = text
    sub(/^ *[0-9]+: /, "", line)
    count = left[thread] < 16 ? left[thread] : 16
    for (i = 0; i < count; i++)
        value[thread] = value[thread] tolower(substr(line, 3 * i + 1, 2))
    left[thread] -= count
    if (left[thread] == 0)
        dumped(thread, secret[thread], value[thread])
    next
}

text ~ /^selected proposal: IKE:/ { split_ike(thread, substr(text, 24)) }
text ~ /^selected proposal: ESP:/ { split_esp(thread, substr(text, 24)) }
text ~ /^parsed [A-Z_]+ request/ { we_ask[thread] = 0 }
text ~ /^parsed [A-Z_]+ response/ { we_ask[thread] = 1 }

# An IKE SA that a rekey made: its number comes after its keys.
text ~ /^IKE_SA .*\[[0-9]+\] state change: CONNECTING => ESTABLISHED/ {
    id = number_of(text)
    if (pending[thread] != "" && id != pending_old[thread]) {
        keys_of[id] = pending[thread]
        pending[thread] = ""
        print_ike(id)
    }
}

text ~ /^checkout .*SA .*with SPIs / {
    spi_i = spi_r = ""
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^[0-9a-f]+_i/) spi_i = substr($i, 1, 16)
        if ($i ~ /^[0-9a-f]+_r/) spi_r = substr($i, 1, 16)
    }
    asked_i[thread] = spi_i
    asked_r[thread] = spi_r
}
text ~ /^IKE_SA .*\[[0-9]+\] successfully checked out/ {
    if (asked_i[thread] != "")
        know_spis(number_of(text), asked_i[thread], asked_r[thread])
    asked_i[thread] = ""
}

text ~ /^(adding|registering) inbound ESP SA/ { way[thread] = "in" }
text ~ /^(adding|registering) outbound ESP SA/ { way[thread] = "out" }
text ~ /^ *SPI 0x[0-9a-f]+, src / { print_esp(thread, text) }

function number_of(line) {
    sub(/^IKE_SA [^[]*\[/, "", line)
    sub(/\].*/, "", line)
    return line
}

# "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519"
function split_ike(thread, proposal) {
    if (thread in sa)
        proposal_of["sa " sa[thread]] = proposal
    proposal_of[thread] = proposal
}

# "AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ"
function split_esp(thread, proposal,    parts) {
    split(proposal, parts, "/")
    child_encr[thread] = parts[1]
    if (parts[1] ~ /^AES/)
        sub(/_[0-9]+$/, "", child_encr[thread])
    child_integ[thread] = parts[2] ~ /^HMAC/ ? parts[2] : ""
    integ_i[thread] = integ_r[thread] = ""
}

function dumped(thread, name, hex) {
    if (name == "Sk_ai secret") ai[thread] = hex
    else if (name == "Sk_ar secret") ar[thread] = hex
    else if (name == "Sk_ei secret") ei[thread] = hex
    else if (name == "Sk_er secret") er[thread] = hex
    else if (name == "Sk_pr secret") ike_keys(thread)
    else if (name == "natd_chunk" && substr(hex, 17, 16) !~ /^0*$/)
        know_spis(sa[thread], substr(hex, 1, 16), substr(hex, 17, 16))
    else if (name == "encryption initiator key") encr_i[thread] = hex
    else if (name == "encryption responder key") {
        encr_r[thread] = hex
        seen_in[thread] = seen_out[thread] = 0
    } else if (name == "integrity initiator key") integ_i[thread] = hex
    else if (name == "integrity responder key") integ_r[thread] = hex
}

# Everything between the SPIs and the end of a row. Keys of an SA that has some
# already are those of its successor.
function ike_keys(thread,    where, part, integ, row) {
    where = "sa " sa[thread]
    split(proposal_of[where in proposal_of ? where : thread], part, "/")
    integ = part[2] ~ /^PRF/ ? "NONE [RFC4306]" : ike_integ[part[2]]
    if (!(part[1] in ike_encr) || integ == "")
        return
    row = ei[thread] "," er[thread] ",\"" ike_encr[part[1]] "\"," \
        ai[thread] "," ar[thread] ",\"" integ "\""
    if (part[1] == "CHACHA20_POLY1305")
        row = "#" row
    ai[thread] = ar[thread] = ""
    if (sa[thread] in keys_of) {
        pending[thread] = row
        pending_old[thread] = sa[thread]
    } else {
        keys_of[sa[thread]] = row
        print_ike(sa[thread])
    }
}

function know_spis(id, spi_i, spi_r) {
    if (spi_i ~ /^0*$/ || spi_r ~ /^0*$/)
        return
    spis_of[id] = spi_i "," spi_r
    print_ike(id)
}

function print_ike(id,    row) {
    if (!(id in keys_of) || !(id in spis_of) || (id in printed))
        return
    printed[id] = 1
    row = keys_of[id]
    if (row ~ /^#/)
        print FOREIGN spis_of[id] "," substr(row, 2)
    else
        print spis_of[id] "," row
}

# "  SPI 0x4a4e2266, src 192.0.2.1 dst 192.0.2.2"
function print_esp(thread, line,    field, out, sender, row, family) {
    out = way[thread] == "out"
    if (encr_r[thread] == "" || (out ? seen_out[thread] : seen_in[thread]))
        return
    if (!(child_encr[thread] in esp_encr))
        return
    split(line, field, /[ ,]+/)
    # What an initiator sends has the initiator's keys.
    sender = out == we_ask[thread] ? "i" : "r"
    for (family = 1; field[family] != "SPI"; family++)
        ;
    row = "\"IPv" (line ~ / src [0-9a-f]*:/ ? 6 : 4) "\",\"" \
        field[family + 3] "\",\"" field[family + 5] "\",\"" \
        field[family + 1] "\",\"" esp_encr[child_encr[thread]] "\",\"0x" \
        (sender == "i" ? encr_i[thread] : encr_r[thread]) "\",\"" \
        (child_integ[thread] == "" ? "NULL" \
                                   : esp_integ[child_integ[thread]]) \
        "\",\"0x" (sender == "i" ? integ_i[thread] : integ_r[thread]) "\""
    print (child_encr[thread] == "CHACHA20_POLY1305" ? FOREIGN : "") row
    if (out)
        seen_out[thread] = 1
    else
        seen_in[thread] = 1
    if (seen_in[thread] && seen_out[thread])
        encr_r[thread] = ""
}
