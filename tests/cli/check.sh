# What the shell tests of the program share; sourced, with $IMP set. Each check prints a line; `finish` ends with the verdict.
here=$(dirname "$0")
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() { # SENTENCE CONDITION...: the condition is a command
    sentence=$1
    shift
    if "$@"; then
        echo "ok: $sentence"
    else
        echo "NOT OK: $sentence"
        [ ! -s "$scratch/out" ] || sed 's/^/    out: /' "$scratch/out" | head -n 40
        [ ! -s "$scratch/err" ] || sed 's/^/    err: /' "$scratch/err" | head -n 40
        failures=$((failures + 1))
    fi
}
run() { # COMMAND...: its outputs in $scratch/out and $scratch/err, its exit status in $status
    status=0
    timeout 60 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}
is() { [ "$1" = "$2" ]; }
has() { grep -qF -- "$1" "$scratch/out"; }
says() { grep -qF -- "$1" "$scratch/err"; }
gone() { ! pgrep -f -- "$1" >/dev/null; }
soon() { # CONDITION...: within twenty seconds, since sanitizers and busy machines are slow
    for _ in $(seq 200); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}
skip() {
    echo "skipped: $1"
    exit 77
}
need() { # COMMAND...
    for command; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}
finish() {
    [ "$failures" -eq 0 ] && exit 0
    echo "$failures of the checks failed"
    exit 1
}
