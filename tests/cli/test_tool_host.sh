#!/bin/sh
# `imp TOOL`: imp's own tools on this machine, without a lab.
set -u
. "$(dirname "$0")/check.sh"
need python3
python3 "$here/web_server.py" "$scratch/port" >"$scratch/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
check "the server for this test is up" soon test -s "$scratch/port"
url=http://127.0.0.1:$(cat "$scratch/port")

run "$IMP" curl -s "$url/"
check "curl gets a page from a server of this machine" has "Hello from this machine"
run "$IMP" curl -s -o "$scratch/big" "$url/big"
check "and writes a file" is "$(wc -c <"$scratch/big")" 3000000
head -c 100000 /dev/urandom >"$scratch/up"
"$IMP" curl -s --data-binary @- "$url/" <"$scratch/up" >"$scratch/back"
check "input from a file" cmp -s "$scratch/up" "$scratch/back"
cat "$scratch/up" | "$IMP" curl -s --data-binary @- "$url/" >"$scratch/back"
check "input from a pipe" cmp -s "$scratch/up" "$scratch/back"
run "$IMP" curl -s http://127.0.0.1:1/
check "a refused connection is curl's 7" is "$status" 7
run sh -c "'$IMP' curl -s $url/big | head -c 10"
check "a reader that goes away is no fault" has "xxxxxxxxxx"
run "$IMP" ping -c 1 127.0.0.1
if grep -q "Operation not permitted" "$scratch/err"; then
    echo "not checked: ping is not allowed here"
else
    check "ping reaches the loopback" has "1 received"
    python3 "$here/terminal.py" 20 "expect:bytes from" 'type:\x03' -- "$IMP" ping 127.0.0.1 >"$scratch/out" 2>&1
    check "Ctrl-C ends it with its summary" has "packets transmitted"
fi
run "$IMP" dig +tries=1 +time=1 -p 1 @127.0.0.1 example
check "dig says that nobody answers: 9" is "$status" 9
run "$IMP" dhclient
check "a tool that needs a lab says so" says "imp shell LAB NODE"
finish
