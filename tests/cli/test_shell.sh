#!/bin/sh
# `imp shell`: tools of a node in a real shell: pipes, files, signals, several at once, and that nothing is left behind.
set -u
. "$(dirname "$0")/check.sh"
need python3 pgrep
lab=$here/labs/home.yaml
export XDG_RUNTIME_DIR="$scratch/runtime"
mkdir "$XDG_RUNTIME_DIR"
in_shell() { run "$IMP" shell "$lab" laptop -c "$1"; }
nothing_left() { [ -z "$(ls -A "$XDG_RUNTIME_DIR")" ]; }

in_shell 'exit 9'
check "the exit status is the shell's" is "$status" 9
check "the private folder is gone" nothing_left
in_shell 'kill -TERM $$'
check "or 128 + n after a signal" is "$status" 143
in_shell 'ls -ld "${PATH%%:*}" | cut -c1-10'
check "the folder is the person's alone" has "drwx------"

in_shell 'ping -c 2 -i 0.2 203.0.113.53; echo "status $?"'
check "ping acts as the node" has "2 received"
check "with its exit status" has "status 0"
in_shell 'ping -c 1 -W 1 192.168.1.77; echo "status $?"'
check "a silent address is status 1" has "status 1"
in_shell 'ping -c 3 -i 0.2 203.0.113.53 | grep -c "bytes from"'
check "pipes work" has 3
in_shell 'ping -c 1 203.0.113.53 >"'"$scratch"'/ping.txt"; grep -c "bytes from" "'"$scratch"'/ping.txt"'
check "redirections work" has 1
in_shell 'ping -i 0.2 203.0.113.53 | head -n 1; echo next'
check "a reader that goes away ends the tool" has "next"
in_shell 'for i in 1 2 3 4 5 6 7 8; do ping -c 2 -i 0.2 203.0.113.53 >"'"$scratch"'/$i.txt" & done; wait; cat "'"$scratch"'"/?.txt | grep -c "2 received"'
check "eight at once" has 8
in_shell 'cd /; unset PS1; command -v ping; PATH=/nonexistent; command -v ping || echo none'
check "the tools come first on the PATH" has "/ping"
in_shell 'env -u IMP_SHELL_SOCKET "$0" >/dev/null 2>&1; IMP_SHELL_SOCKET=/nonexistent ping -c 1 203.0.113.53; echo "status $?"'
check "a tool without its lab says so" says "the lab of this shell is gone"
check "and fails" has "status 125"
in_shell 'ping --nonsense; echo "status $?"'
check "a wrong option is status 2 as its namesake's" has "status 2"
run "$IMP" shell "$lab" laptop -x
check "a wrong option of imp shell is status 2" is "$status" 2
run "$IMP" shell "$lab" nobody -c true
check "so is a node that is not there" is "$status" 2

# Tools with files, input and large output.
head -c 200000 /dev/urandom >"$scratch/up"
in_shell 'curl -s http://www.shop.example/'
check "curl gets the page" has "Hello from the shop"
in_shell 'dig +short www.shop.example'
check "dig asks the node's resolver" has "203.0.113.53"
in_shell 'curl -s http://www.shop.example/big | { sleep 0.5; wc -c; }'
check "a reader that is slow holds the tool back, and loses nothing" has 3000000
in_shell "cd $scratch && curl -s -o down http://www.shop.example/big && wc -c <down"
check "a tool writes files where the person stands" has 3000000
in_shell "cd $scratch && curl -s --data-binary @up http://www.shop.example/echo | cmp - up && echo same"
check "and reads them" has "same"
in_shell "cat $scratch/up | curl -s --data-binary @- http://www.shop.example/echo | cmp - $scratch/up && echo same"
check "and its standard input" has "same"
in_shell 'printf "one\ntwo\n" | while read -r line; do ping -c 1 192.168.1.1 >/dev/null; echo "got $line"; done'
check "but takes no input that it does not want" has "got two"
in_shell 'curl -s -o /nonexistent/file http://www.shop.example/; echo "status $?"'
check "a file that cannot be written is curl's 23" has "status 23"
in_shell 'tcpdump -n -c 2 icmp >'"$scratch"'/dump 2>/dev/null & sleep 0.3; ping -c 2 -i 0.2 192.168.1.1 >/dev/null; wait; cat '"$scratch"'/dump'
check "tcpdump sees what ping does" has "ICMP echo reply"

# Ctrl-C, as typed.
python3 "$here/terminal.py" 30 "expect:bytes from" 'type:\x03' "expect:after 0" -- \
    "$IMP" shell "$lab" laptop -c 'trap : INT; ping -i 0.2 203.0.113.53; echo after $?' >"$scratch/out" 2>&1
check "Ctrl-C is ping's to finish" is $? 0
check "it prints its summary" has "packets transmitted"
python3 "$here/terminal.py" 30 "expect:waits" 'pause:0.5' 'type:\x03' -- \
    "$IMP" shell "$lab" laptop -c 'echo waits; curl -s http://www.shop.example/slow; echo not reached' >"$scratch/out" 2>&1
check "a tool that does not catch Ctrl-C ends by it, and the shell sees that" is $? 130
check "so the script ends too" sh -c "! grep -q 'not reached' '$scratch/out'"
SHELL=/bin/bash python3 "$here/terminal.py" 30 "expect:laptop" 'type:ping -c 1 203.0.113.53\n' "expect:1 received" \
    'type:ping 203.0.113.53\n' "expect:bytes from" 'type:\x03' "expect:packets transmitted" 'type:exit 4\n' -- \
    "$IMP" shell "$lab" laptop >"$scratch/out" 2>&1
check "an interactive bash names the node, runs tools, stops them, and exits" is $? 4
check "and leaves nothing" soon nothing_left
SHELL=/bin/sh python3 "$here/terminal.py" 30 'expect:laptop$ ' 'type:ping -c 1 203.0.113.53\n' "expect:1 received" 'type:exit 5\n' -- \
    "$IMP" shell "$lab" laptop >"$scratch/out" 2>&1
check "so does a plain sh" is $? 5

# The ends that nobody wants.
"$IMP" shell "$lab" laptop -c 'ping 203.0.113.53 & echo ready $$; while :; do sleep 0.2; done' >"$scratch/out" 2>&1 &
ready() { grep -q ready "$scratch/out" && grep -q "bytes from" "$scratch/out"; }
soon ready
kill -KILL $!
wait $! 2>/dev/null
shell=$(sed -n 's/^ready //p' "$scratch/out")
check "kill -9 of imp ends the shell" soon sh -c "! kill -0 $shell 2>/dev/null"
check "and the tools that ran in it" soon grep -q "has ended" "$scratch/out"
check "and its folder goes too" soon nothing_left
"$IMP" shell "$lab" laptop -c 'trap "exit 3" TERM; echo ready; while :; do ping -c 1 203.0.113.53 >/dev/null; done' >"$scratch/out" 2>&1 &
soon grep -q ready "$scratch/out"
kill -TERM $!
wait $!
check "SIGTERM is passed on to the shell" is $? 3
check "which leaves nothing" soon nothing_left
finish
