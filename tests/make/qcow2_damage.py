#!/usr/bin/env python3
"""qcow2_damage.py IMAGE COUNT FOLDER: COUNT copies of a QCOW2 image (FOLDER/0.qcow2 ...), each with one bit of its refcount table, a refcount block, its
L1 table or an L2 table inverted, the same in each run. Prints name, structure, offset and bit of each, tab-separated."""
import random
import struct
import sys

OFFSET = 0x00FFFFFFFFFFFE00
image, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(image, "rb") as file:
    data = file.read()
u32 = lambda at: struct.unpack(">I", data[at : at + 4])[0]
u64 = lambda at: struct.unpack(">Q", data[at : at + 8])[0]
cluster, table, blocks, l1, l1_entries = 1 << u32(20), u64(48), u32(56) << u32(20), u64(40), u32(36)
used = -(-len(data) // cluster)
places = {"refcount table": [], "refcount block": [], "L1": [], "L2": []}
for at in range(table, table + blocks, 8):
    if u64(at):
        places["refcount table"] += range(at, at + 8)
        block = u64(at) & OFFSET
        places["refcount block"] += range(block, min(block + cluster, block + used * max(1, (1 << u32(96)) // 8)))
for at in range(l1, l1 + 8 * l1_entries, 8):
    if u64(at):
        places["L1"] += range(at, at + 8)
        l2 = u64(at) & OFFSET
        for entry in range(l2, l2 + cluster, 8):
            if u64(entry):
                places["L2"] += range(entry, entry + 8)
random.seed(1)
for i in range(count):
    what = random.choice(list(places))
    at, bit = random.choice(places[what]), random.randrange(8)
    with open("%s/%d.qcow2" % (folder, i), "wb") as file:
        file.write(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
    print("%d.qcow2\t%s\t%d\t%d" % (i, what, at, bit))
