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
on_client -c server -t 2 -O 1 -V --get-server-output
check "the first second is omitted" sh -c "[ \$(grep -c '(omitted)' '$scratch/out') -eq 1 ]"
check "and tells what it saw" has "Server output:"
check "in its own words" has "[  5] local 10.0.1.1 port 5201 connected to 10.0.0.1 port"
check "the test is two seconds long" sh -c "grep -qE '0.00-2.[0-9][0-9] +sec.* receiver' '$scratch/out'"
on_client -c server -t 2 -O 1 -u -b 2M -R
check "datagrams before the test do not count" sh -c "grep -qE ' 0/(17[0-9]|18[0-9]|34[0-9]) \(0%\)  receiver' '$scratch/out'"
on_client -c server -t 1 -J --get-server-output
check "the server's words within JSON" has '"server_output_text":	"Accepted connection from 10.0.0.1'
on_client -c server -t 1 -u -b 1M --udp-counters-64bit --repeating-payload -S 0x10 --dont-fragment
check "64-bit counters" has "(0%)"
on_client -c server -t 1 -N -Z -k 5 -M 1000
check "one end to a test" says "only one test end condition"
on_client -c server -N -Z -k 5 -M 1000
check "five blocks" has "640 KBytes"
on_client -c server -t 1 -C nonesuch
check "a congestion control that there is not" is "$status" 1

run timeout 40 "$IMP" exec "$lab" server --with 'client$ iperf3 -c server -t 1 -p 5300' -- iperf3 -s -1 -p 5300
check "a virtual client and the real server" is "$status" 0
check "the real one received" has receiver
check "the virtual one is done" says "iperf Done."
run timeout 40 "$IMP" exec "$lab" server --with 'client$ iperf3 -c server -t 1 -p 5300 -R' -- iperf3 -s -1 -p 5300
check "the other direction too" says "iperf Done."
with_server() { # IMP'S CLIENT'S OPTIONS [the real server's options]: the client's words are the run's errors
    run timeout 40 "$IMP" exec "$lab" server --with "client\$ iperf3 -c server -p 5300 $1" -- iperf3 -s -1 -p 5300 ${2-}
}
with_server "-t 2 -O 1 -V --get-server-output" -V
check "imp's client omits the first second" sh -c "grep -q '(omitted)' '$scratch/err' && grep -q '(omitted)' '$scratch/out'"
check "which the real server was told" has "omitting 1 seconds, 2 second test, tos 0"
check "two seconds count" sh -c "grep -qE '0.00-2.[0-9][0-9] +sec.* receiver' '$scratch/err'"
check "the real server's words reach it" says "Server output:"
check "with both congestion controls" says "rcv_tcp_congestion"
with_server "-n 300K -T title -S 0x10 -B 10.0.0.1 --cport 4444 -N -Z" -V
check "every line has the title" sh -c "grep -q '^title:  iperf Done' '$scratch/err' && ! sed 1d '$scratch/err' | grep -qv '^title:  '"
check "the type of service" has "tos 16"
check "the client's own port" has "connected to 10.0.0.1 port 4444"
check "as many bytes as were asked for, and at most a block more" sh -c "grep -qE '  [34][0-9][0-9] KBytes .* sender' '$scratch/err'"
with_server "-u -b 1M/5 -t 2 -O 1 --dscp ef --udp-counters-64bit" -V
check "expedited forwarding" has "tos 184"
check "what was omitted is not counted: two seconds at 1 Mbit/s" sh -c "grep -qE '0/17[0-9] \(0%\)  receiver' '$scratch/err'"
run "$IMP" iperf3 -c 127.0.0.1 -A 1
check "no processors to bind to" says "imp's iperf3 does not have '--affinity'"

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
seq 3000000 >"$scratch/large"
serve iperf3 -F "$scratch/copy"
run timeout 50 "$IMP" iperf3 -c 127.0.0.1 -p "$port" -F "$scratch/large" --logfile "$scratch/log"
wait "$server"
# A server, the real one and imp's, stops reading when the client says that the test is over, whatever is still on its way: what it wrote is the file's
# beginning.
check "a file goes to the real server" test -s "$scratch/copy"
check "byte for byte" cmp -n "$(stat -c %s "$scratch/copy")" "$scratch/large" "$scratch/copy"
check "the log tells how much of it" grep -qF "Sent 21.8 MBytes / 21.8 MBytes (100%) of $scratch/large" "$scratch/log"
check "and nothing is printed beside" sh -c "! grep -q . '$scratch/out'"
port=$((port + 1))
serve "$IMP" iperf3 -F "$scratch/back"
run timeout 50 iperf3 -c 127.0.0.1 -p "$port" -F "$scratch/large"
wait "$server"
check "and from the real client to imp's server" test -s "$scratch/back"
# The real one's sender overwrites what a partial write left of a block, so bytes are compared between imp and imp.
port=$((port + 1))
serve "$IMP" iperf3 -F "$scratch/between"
run timeout 50 "$IMP" iperf3 -c 127.0.0.1 -p "$port" -F "$scratch/large"
wait "$server"
check "and from imp to imp" test -s "$scratch/between"
check "byte for byte too" cmp -n "$(stat -c %s "$scratch/between")" "$scratch/large" "$scratch/between"
run "$IMP" iperf3 -c 127.0.0.1 -p "$port" --connect-timeout 100
check "nobody there" says "unable to connect to server: Connection refused"
run "$IMP" iperf3 -s -O 1
check "what only a client has" says "client only"
port=$((port + 1))
serve "$IMP" iperf3
run timeout 50 iperf3 -c 127.0.0.1 -p "$port" -t 1 -P 2 -R
check "the real client and imp's server on this machine" is "$status" 0
wait "$server"
check "which ends after one test" is "$?" 0
finish
