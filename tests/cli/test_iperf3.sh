#!/bin/sh
# The real iperf3 with imp's: on a virtual node against a virtual server, and on this machine in both roles.
set -u
. "$(dirname "$0")/check.sh"
need iperf3
lab=$here/labs/iperf3.yaml
on_client() { run timeout 30 "$IMP" exec "$lab" client -- iperf3 "$@"; }

on_client -c server -t 1
if [ "$status" -eq 2 ] && grep -qE 'not allowed|no permission|no privilege|there is no /dev/net/tun' "$scratch/err"; then
    skip "$(cat "$scratch/err")"
fi
check "the real client and a virtual server: TCP" is "$status" 0
check "both report" sh -c "grep -q sender '$scratch/out' && grep -q receiver '$scratch/out'"
check "megabits, not nothing" sh -c "grep -qE '[0-9] [KM]bits/sec .*receiver' '$scratch/out'"
on_client -c server -t 1 -R
check "the other direction" is "$status" 0
check "the virtual sender tells what it sent again" sh -c "grep -qE 'Mbits/sec +[0-9]+ +sender' '$scratch/out'"
on_client -c server -t 1 --bidir
check "both at once" is "$status" 0
on_client -c server -n 2M -P 3
check "so many bytes, three streams" has "[SUM]"
on_client -c server -u -b 2M -t 1
check "UDP, nothing lost" has "(0%)"
on_client -c server -u -b 2M -t 1 -R
check "UDP from the virtual server" has "(0%)"
on_client -c server -t 1 -J
check "JSON" has '"receiver_tcp_congestion":	"cubic"'
on_client -c server -t 1 -C nonesuch
check "a congestion control that there is not" is "$status" 1

run timeout 40 "$IMP" exec "$lab" server --with 'client$ iperf3 -c server -t 1 -p 5300' -- iperf3 -s -1 -p 5300
check "a virtual client and the real server" is "$status" 0
check "the real one received" has receiver
check "the virtual one is done" says "iperf Done."
run timeout 40 "$IMP" exec "$lab" server --with 'client$ iperf3 -c server -t 1 -p 5300 -R' -- iperf3 -s -1 -p 5300
check "the other direction too" says "iperf Done."
run "$IMP" exec "$lab" server --with 'nobody$ ping' -- true
check "a node that there is not" is "$status" 2

serve() { # and waits until it listens
    timeout 60 "$@" -s -1 -p "$port" >"$scratch/server" 2>&1 &
    server=$!
    for _ in $(seq 100); do
        ! ss -Hltn "sport = :$port" | grep -q . || break
        sleep 0.1
    done
}
port=$((20000 + $$ % 10000)) # below the ephemeral ports, which other tests use by the thousand
serve iperf3
run timeout 50 "$IMP" iperf3 -c 127.0.0.1 -p "$port" -t 1
check "imp's client on this machine and the real server" is "$status" 0
check "ends as the real one does" has "iperf Done."
wait "$server"
check "which is content too" is "$?" 0
port=$((port + 1))
serve "$IMP" iperf3
run timeout 50 iperf3 -c 127.0.0.1 -p "$port" -t 1 -P 2 -R
check "the real client and imp's server on this machine" is "$status" 0
wait "$server"
check "which ends after one test" is "$?" 0
finish
