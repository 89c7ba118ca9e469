#!/bin/sh
# `imp plot` as a person uses it: files, flows, wrong arguments. And the tool that refuses to run outside a scenario.
set -u
. "$(dirname "$0")/check.sh"
lab=labs/tcp-sawtooth.yaml
run "$IMP" plot "$lab" --flow client:server --to 10s --out "$scratch/x.svg"
check "a plot ends with 0" is "$status" 0
check "the SVG is there" grep -q '</svg>' "$scratch/x.svg"
check "and says so" says "written to $scratch/x.svg"
check "the drawing has the flow" has "client to server, port 5201 (reno)"
check "and no colours in a pipe" sh -c "! grep -q '\[38' '$scratch/out'"
run "$IMP" plot "$lab" --flow client:server:5201 --rtt --out -
check "the SVG alone on standard output" is "$(head -c 4 "$scratch/out")" "<svg"
cp "$scratch/out" "$scratch/first"
run "$IMP" plot "$lab" --flow client:server:5201 --rtt --out -
check "the same bytes each time" cmp -s "$scratch/first" "$scratch/out"
run "$IMP" plot "$lab" --flow server:client --out "$scratch/y.svg"
check "a flow the wrong way round is status 2" is "$status" 2
check "and lists the flows there were" says "client:server:5201"
check "no file is left" test ! -e "$scratch/y.svg"
run "$IMP" plot "$lab" --flow client
check "half a flow is explained" says "expected CLIENT:SERVER"
run "$IMP" plot "$lab" --rtt --seq
check "two pictures at once are not one" is "$status" 2
run "$IMP" plot "$lab" --from 5s --to 4s
check "a range from behind" says "--from is not before --to"
run "$IMP" shell labs/two-hosts.yaml anna -c 'synflood 10.0.0.2 80'
check "synflood refuses where the clock is the wall's" says "only in a lab's scenario"
finish
