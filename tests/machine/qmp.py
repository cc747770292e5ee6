#!/usr/bin/env python3
"""Sends commands to qemu's machine protocol, one after the other, and prints the last answer; the first error ends it with exit status 1.

    qmp.py SOCKET COMMAND [JSON] [COMMAND JSON]...

The protocol (qemu docs/interop/qmp-spec): a greeting, then qmp_capabilities, then commands; events come in between and are left out.
"""
import json
import socket
import sys


def ask(stream, command, arguments=None):
    stream.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "return" in answer or "error" in answer:
            return answer
    return {"return": {}} if command == "quit" else {"error": "the connection was closed"}


def main():
    path, words = sys.argv[1], sys.argv[2:]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(path)
        stream = connection.makefile("rw")
        stream.readline()
        ask(stream, "qmp_capabilities")
        for at in range(0, len(words), 2):
            answer = ask(stream, words[at], json.loads(words[at + 1]) if at + 1 < len(words) else None)
            if "error" in answer:
                break
    print(json.dumps(answer))
    return 1 if "error" in answer else 0


sys.exit(main())
