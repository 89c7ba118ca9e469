#!/bin/sh
# The kernel's TCP and imp's, each as sender and as receiver, over TAP and wires that lose, delay, double and damage frames: what arrives is what was sent.
set -u
. "$(dirname "$0")/check.sh"
need curl sha256sum
bytes=6000000
head -c "$bytes" /dev/urandom >"$scratch/sent"
sum_of() { sha256sum "$1" | cut -d' ' -f1; }
wanted=$(sum_of "$scratch/sent")

lab() { # FILE, SETTINGS OF THE WIRE, THE ROUTER'S MTU TOWARDS THE SERVER: a client, a router, a server that has the bytes and echoes what it gets
    cat >"$scratch/$1.yaml" <<END
lab: transfer
nodes:
  client:
    address: [10.0.0.1/24, "2001:db8:0:1::1/64"]
    gateway: [10.0.0.254, "2001:db8:0:1::ff"]
    hosts: { four: 10.0.1.1, six: "2001:db8:0:2::1" }
  router:
    kind: router
    ports:
      near: { address: [10.0.0.254/24, "2001:db8:0:1::ff/64"] }
      far: { address: [10.0.1.254/24, "2001:db8:0:2::ff/64"], mtu: ${3:-1500} }
  server:
    address: [10.0.1.1/24, "2001:db8:0:2::1/64"]
    gateway: [10.0.1.254, "2001:db8:0:2::ff"]
    services: { iperf3-server: {}, web: { body-limit: 8MB, pages: { /sent: { file: sent, type: application/octet-stream }, /echo: { echo: true } } } }
wires:
  - client - router.near: { $2 }
  - router.far - server: { delay: 1ms }
END
}
lab bad 'rate: 200M, delay: 1ms, loss: 1%, duplicate: 1%, corrupt: 0.2%, reorder: 2%, reorder-delay: 2ms'
lab slow 'rate: 40M, queue: 1000'
lab fast 'delay: 0ms'
lab narrow 'delay: 1ms' 1400
on() { # LAB, SHELL COMMANDS
    run "$IMP" exec "$scratch/$1.yaml" client -- sh -c "cd '$scratch'; $2"
}
counter() { # GROUP AND NAME IN /proc/net/snmp OR netstat, A COPY OF EITHER: its value
    awk -v name="${1#*:}" -v group="${1%%:*}:" '$1 == group { if ($1 == was) { for (i = 2; i <= NF; i++) if (names[i] == name) print $i; was = "" }
                        else { split($0, names, " "); was = $1 } }' "$2"
}

on bad true
if [ "$status" -eq 2 ] && grep -qE 'not allowed|no permission|no privilege|there is no /dev/net/tun' "$scratch/err"; then
    skip "$(cat "$scratch/err")"
fi
for version in four six; do
    rm -f "$scratch/got" "$scratch/snmp" "$scratch/netstat"
    on bad "curl -sS -o got http://$version/sent && cat /proc/net/netstat >netstat && cat /proc/net/snmp >snmp"
    check "imp sends, the kernel receives ($version): curl is content" is "$status" 0
    check "every byte of it" is "$(sum_of "$scratch/got")" "$wanted"
    check "though the kernel saw them out of order" test "$(counter TcpExt:TCPOFOQueue "$scratch/netstat")" -gt 20
    check "and twice" test "$(counter TcpExt:TCPDSACKOldSent "$scratch/netstat")" -gt 0
    check "and found the damaged ones" test "$(counter Tcp:InCsumErrors "$scratch/snmp")" -gt 0
    rm -f "$scratch/got"
    on bad "curl -fsS -T sent -o got http://$version/echo && cat /proc/net/snmp >snmp"
    check "the kernel sends, imp receives and sends it back ($version)" is "$status" 0
    check "every byte of it, both ways" is "$(sum_of "$scratch/got")" "$wanted"
    check "though the kernel had to send many again" test "$(counter Tcp:RetransSegs "$scratch/snmp")" -gt 20
done

# What the kernel hands over in 64 KiB is on the wire in frames, each in its time.
on slow 'curl -sS -w "%{time_total}" -T sent -o got http://four/echo'
check "a slow wire is as slow for large segments: 12 MB at 40 Mbit/s, both ways one after the other, need 2.4 s" \
    awk "BEGIN { exit !($(cat "$scratch/out") > 2.4) }"
check "and loses none of them" is "$(sum_of "$scratch/got")" "$wanted"
on fast 'for i in 1 2 3 4; do curl -fsS -T sent -o got$i http://six/echo & done; wait; sha256sum got? | sort -u -k1,1 | cut -d" " -f1'
check "four at once over wires without a limit" is "$(cat "$scratch/out")" "$wanted"

# The kernel in the middle: it forwards what is joined in one piece, and what is too large for the far link it refuses (path MTU discovery).
between() { # TOOL...: on the client
    run "$IMP" exec "$scratch/narrow.yaml" router --with "client\$ $*" -- sh -c 'sleep 3; cat /proc/net/snmp /proc/net/snmp6'
}
for version in four six; do
    between "curl -s -o /dev/null -w %{size_download} http://$version/sent"
    check "the kernel as the router ($version): all bytes from the server" says "$bytes"
    between "iperf3 -c $version -n 5M"
    check "and to it" says "iperf Done."
    refused=$(counter Icmp:OutDestUnreachs "$scratch/out")
    [ "$version" = four ] || refused=$(awk '$1 == "Icmp6OutPktTooBigs" { print $2 }' "$scratch/out")
    check "after the kernel had refused what did not fit" test "$refused" -gt 0
done
finish
