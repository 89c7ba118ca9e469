"""Runs a command on a pseudo-terminal and plays a person: terminal.py SECONDS STEP... -- COMMAND...

A step is `expect:TEXT` (wait until it appears), `type:TEXT` (\\n and \\x03 are understood) or `pause:SECONDS`. Prints what the terminal
showed, and ends with the command's exit status, or 124 when a text did not come in time."""
import os
import pty
import re
import select
import sys
import time


def main():
    arguments = sys.argv[1:]
    split = arguments.index("--")
    limit, steps, command = float(arguments[0]), arguments[1:split], arguments[split + 1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    deadline = time.monotonic() + limit
    shown, looked = "", 0

    def read(until):
        nonlocal shown
        ready, _, _ = select.select([terminal], [], [], max(0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        shown += data.decode(errors="replace")
        return bool(data)

    def fail(step):
        sys.stdout.write(shown)
        sys.stderr.write(f"terminal.py: this did not come: {step}\n")
        os.kill(child, 9)
        sys.exit(124)

    for step in steps:
        kind, _, text = step.partition(":")
        text = re.sub(r"\\n|\\x[0-9a-f]{2}", lambda m: m.group().encode().decode("unicode_escape"), text)
        if kind == "expect":
            while text not in shown[looked:]:
                if not read(deadline):
                    fail(step)
            looked = shown.index(text, looked) + len(text)
        elif kind == "type":
            os.write(terminal, text.encode())
        else:
            time.sleep(float(text))
    while read(deadline):
        pass
    sys.stdout.write(shown)
    sys.stdout.flush()
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
        time.sleep(0.02)
    fail("the end")


main()
