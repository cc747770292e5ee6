#!/usr/bin/env python3
"""A disk with a write cache that a power cut empties: an NBD server for one client.

    volatile_disk.py SOCKET IMAGE SEED KEEP [CUT PIDFILE]

What is written lies in memory until the client flushes; reads see it. Of a write, each sector of 512 bytes reaches IMAGE at once with a chance of
KEEP in 100, as a drive is free to do in any order: so writes that were not flushed can be whole, torn or gone. After CUT written bytes the power
fails: the process in PIDFILE is killed, what was not flushed is gone, and this server ends too. Without CUT it ends when the client leaves; what
was not flushed is gone then as well. Standard output: one line with the bytes written and the flushes.

The protocol: NBD doc/proto.md, fixed newstyle negotiation with EXPORT_NAME and GO, simple replies, READ, WRITE, FLUSH, DISC.
"""
import os
import random
import signal
import socket
import struct
import sys

SECTOR = 512
NBD_MAGIC, OPTION_MAGIC, REPLY_MAGIC = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
FLAGS = 1 | 4  # HAS_FLAGS, SEND_FLUSH
ENOTSUP = 95


class PowerCut(Exception):
    pass


class Disk:
    def __init__(self, path, seed, keep, cut):
        self.file = os.open(path, os.O_RDWR)
        self.bytes = os.fstat(self.file).st_size
        self.random, self.keep, self.cut = random.Random(seed), keep, cut
        self.held = {}  # sector -> its bytes, not flushed
        self.written = self.flushes = 0

    def read(self, offset, length):
        data = bytearray(os.pread(self.file, length, offset))
        for sector in range(offset // SECTOR, (offset + length) // SECTOR):
            if sector in self.held:
                at = sector * SECTOR - offset
                data[at:at + SECTOR] = self.held[sector]
        return bytes(data)

    def write(self, offset, data):
        for at in range(0, len(data), SECTOR):
            if self.written >= self.cut:
                raise PowerCut
            sector, part = (offset + at) // SECTOR, data[at:at + SECTOR]
            self.written += SECTOR
            if self.random.randrange(100) < self.keep:
                os.pwrite(self.file, part, sector * SECTOR)
                self.held.pop(sector, None)
            else:
                self.held[sector] = part

    def flush(self):
        self.flushes += 1
        for sector, part in self.held.items():
            os.pwrite(self.file, part, sector * SECTOR)
        self.held.clear()


class Client:
    def __init__(self, connection, disk):
        self.connection, self.disk = connection, disk
        self.stream = connection.makefile("rb")

    def take(self, layout):
        size = struct.calcsize(layout)
        data = self.stream.read(size)
        if len(data) < size:
            raise EOFError
        return struct.unpack(layout, data)

    def negotiate(self):
        self.connection.sendall(struct.pack(">QQH", NBD_MAGIC, OPTION_MAGIC, 3))  # FIXED_NEWSTYLE, NO_ZEROES
        (flags,) = self.take(">I")
        while True:
            _, option, length = self.take(">QII")
            self.stream.read(length)
            export = struct.pack(">QH", self.disk.bytes, FLAGS)
            if option == 1:  # EXPORT_NAME
                self.connection.sendall(export + (b"" if flags & 2 else bytes(124)))
                return
            if option == 7:  # GO: the export, then the acknowledgement
                self.answer_option(option, 3, struct.pack(">H", 0) + export)
                self.answer_option(option, 1, b"")
                return
            self.answer_option(option, 1 << 31 | 1, b"")  # ERR_UNSUP

    def answer_option(self, option, kind, data):
        self.connection.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(data)) + data)

    def serve(self):
        while True:
            _, _, command, cookie, offset, length = self.take(">IHHQQI")
            error, data = 0, b""
            if command == 0:
                data = self.disk.read(offset, length)
            elif command == 1:
                self.disk.write(offset, self.stream.read(length))
            elif command == 2:
                return
            elif command == 3:
                self.disk.flush()
            else:
                error = ENOTSUP
            self.connection.sendall(struct.pack(">IIQ", 0x67446698, error, cookie) + data)


def main():
    path, image, seed, keep = sys.argv[1:5]
    cut = int(sys.argv[5]) if len(sys.argv) > 5 else float("inf")
    disk = Disk(image, seed, int(keep), cut)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(1)
        connection, _ = server.accept()
    client = Client(connection, disk)
    try:
        client.negotiate()
        client.serve()
        ended = "switched off"
    except PowerCut:
        with open(sys.argv[6]) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        ended = "power cut"
    except (EOFError, ConnectionError):
        ended = "left"
    print(f"{ended} after {disk.written} bytes written and {disk.flushes} flushes, {len(disk.held)} sectors lost")


main()
