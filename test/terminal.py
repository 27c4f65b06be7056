"""Runs a command on a terminal of its own, for tests: what it shows goes to stdout, its exit code is this program's.

Commands come as lines on stdin: `size ROWS COLUMNS` resizes the terminal, `key HEX` types bytes, `hang up` closes it.
"""
import fcntl, os, pty, select, signal, struct, sys, termios

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, rows, columns)
    os.execvp(command[0], command)

open_ends = [terminal, 0]
pending = b""
status = None
while terminal in open_ends:
    for end in select.select(open_ends, [], [], 0.2)[0]:
        try:
            data = os.read(end, 65536)
        except OSError:
            # EIO: nobody has the terminal open any more.
            data = b""
        if end == terminal:
            if data:
                os.write(1, data)
            else:
                open_ends.remove(terminal)
            continue
        if not data:
            open_ends.remove(0)
        pending += data
        *lines, pending = pending.split(b"\n")
        for line in lines:
            word, *rest = line.decode().split()
            if word == "size":
                resize(terminal, int(rest[0]), int(rest[1]))
                os.kill(child, signal.SIGWINCH)
            elif word == "key":
                os.write(terminal, bytes.fromhex(rest[0]))
            elif word == "hang":
                # The kernel sends SIGHUP, as when a connection breaks.
                os.close(terminal)
                open_ends.remove(terminal)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
