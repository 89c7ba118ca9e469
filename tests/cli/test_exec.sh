#!/bin/sh
# `imp exec`: real programs on a virtual node, their exit statuses and signals, and that nothing is left behind.
set -u
PATH=$PATH:/usr/sbin:/sbin
. "$(dirname "$0")/check.sh"
need python3 curl dig ping traceroute ip pgrep
lab=$here/labs/home.yaml
on_laptop() { run "$IMP" exec "$lab" laptop -- "$@"; }

on_laptop true
if [ "$status" -eq 2 ] && grep -qE 'not allowed|no permission|no privilege|there is no /dev/net/tun' "$scratch/err"; then
    skip "$(cat "$scratch/err")"
fi
check "a command that does nothing ends with 0" is "$status" 0

on_laptop sh -c 'ip -o addr show eth0; ip route; hostname; cat /etc/resolv.conf /etc/hosts'
check "the kernel has the node's IPv4 address, by DHCP" has "inet 192.168.1.100/24"
check "and its IPv6 address, by router advertisement" has "inet6 fd00:1::"
check "and its default route" has "default via 192.168.1.1"
check "and its name" has "laptop"
check "and its resolver" has "nameserver 203.0.113.53"
check "no address is waiting for anything" sh -c "! grep -q tentative '$scratch/out'"

on_laptop curl -sS http://www.shop.example/
check "curl gets the page" has "Hello from the shop"
on_laptop curl -sS -6 http://www.shop.example/
check "curl gets the page over IPv6" has "Hello from the shop"
on_laptop sh -c 'curl -sS http://www.shop.example/big | wc -c'
check "every byte of a large page" has 3000000
on_laptop sh -c 'head -c 300000 /dev/zero | curl -sS --data-binary @- http://www.shop.example/echo | wc -c'
check "and of a large upload" has 300000
on_laptop curl -sS --max-time 5 http://www.shop.example:81/
check "a port where nobody listens refuses at once" is "$status" 7
on_laptop dig +short www.shop.example
check "dig asks the lab's name server" has "203.0.113.53"
on_laptop ping -c 2 -i 0.2 www.shop.example
check "ping by name" has "2 received"
on_laptop traceroute -n www.shop.example
check "traceroute sees the router" has "192.168.1.1"
on_laptop ping -c 1 -W 1 198.51.100.1
check "and nothing of the real internet is there" has "100% packet loss"

on_laptop sh -c 'exit 7'
check "the exit status is the command's" is "$status" 7
on_laptop sh -c 'kill -TERM $$'
check "or 128 + n after a signal" is "$status" 143
on_laptop nonesuch
check "127 when there is no such command" is "$status" 127
check "which is said" says "cannot run 'nonesuch'"
on_laptop /etc
check "126 when it cannot be run" is "$status" 126
run "$IMP" exec "$lab" laptob -- true
check "a misspelt node is status 2" is "$status" 2
check "with the name that was meant" says "did you mean 'laptop'?"
run "$IMP" exec "$lab" laptop true
check "a missing -- is explained" says "'--' is missing"
run "$IMP" exec /nonexistent laptop -- true
check "a lab that is not there is status 2" is "$status" 2

run "$IMP" exec "$lab" home -- sh -c 'cat /proc/sys/net/ipv4/ip_forward; ip -o link; ping -c 1 203.0.113.53'
check "a router has all its interfaces" has "wan"
check "and the kernel forwards for it" has "1"
check "and reaches its neighbour" has "1 received"

echo covered >"$scratch/file"
on_laptop sh -c "cat $scratch/file; echo written >$scratch/written; id -u"
check "the command sees the person's own files" has "covered"
check "and writes them" is "$(cat "$scratch/written")" "written"

# The ends that nobody wants.
before=$(cat /etc/resolv.conf)
python3 "$here/terminal.py" 20 "expect:started" 'type:\x03' -- "$IMP" exec "$lab" laptop -- sh -c 'echo started; exec sleep 987.1' >"$scratch/out" 2>&1
check "Ctrl-C ends the command: 130" is $? 130
"$IMP" exec "$lab" laptop -- sh -c 'trap "echo terminated; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >"$scratch/out" 2>&1 &
soon grep -q ready "$scratch/out"
kill -TERM $!
wait $!
check "SIGTERM for imp is passed on" is $? 3
"$IMP" exec "$lab" laptop -- sh -c 'setsid sleep 987.2 & echo ready; sleep 987.3' >"$scratch/out" 2>&1 &
soon grep -q ready "$scratch/out"
kill -KILL $!
wait $! 2>/dev/null
check "kill -9 of imp takes the command with it" soon gone "sleep 987[.]3"
check "and what it had put into the background" soon gone "sleep 987[.]2"
on_laptop sh -c 'setsid sleep 987.4 & exit 0'
check "so does the command's own end" soon gone "sleep 987[.]4"
check "no TAP device is left in sight" sh -c "! ip -o link | grep -q ': eth0@lab'"
check "/etc/resolv.conf is what it was" is "$(cat /etc/resolv.conf)" "$before"
finish
