#!/usr/bin/env python3
"""disk_pokes.py FOLDER: one small, whole image of each format (FOLDER/small.FORMAT), and copies of it in which one field has another value: 0, 1, its
greatest, one less, one below and one above its own (FOLDER/FORMAT/FIELD=VALUE.FORMAT). Checksums that cover a field are made anew, so that what is
read is the field. Prints format, field and value of each copy, tab-separated."""
import os
import sys

import disk_images as make

MIB = make.MIB
# name, offset, bytes, byte order
FIELDS = {
    "vdi": [("mark", 0x40, 4, "little"), ("version", 0x44, 4, "little"), ("header-size", 0x48, 4, "little"), ("type", 0x4C, 4, "little"), ("flags", 0x50, 4, "little"),
            ("map-offset", 0x154, 4, "little"), ("data-offset", 0x158, 4, "little"), ("sector-size", 0x168, 4, "little"), ("disk-size", 0x170, 8, "little"),
            ("block-size", 0x178, 4, "little"), ("extra", 0x17C, 4, "little"), ("blocks", 0x180, 4, "little"), ("allocated", 0x184, 4, "little"),
            ("uuid", 0x188, 16, "little"), ("modification", 0x198, 16, "little"), ("parent", 0x1A8, 4, "little"), ("parent-modification", 0x1B8, 4, "little"), ("map-0", 512, 4, "little"), ("map-1", 516, 4, "little")],
    "vhd": [("features", 8, 4, "big"), ("version", 12, 4, "big"), ("header-offset", 16, 8, "big"), ("original-size", 40, 8, "big"), ("current-size", 48, 8, "big"),
            ("geometry", 56, 4, "big"), ("type", 60, 4, "big"), ("saved-state", 84, 1, "big"), ("footer-spare", 85, 1, "big"), ("parent-uuid", 552, 4, "big"), ("parent-time", 568, 4, "big"),
            ("parent-name", 576, 2, "big"), ("locator", 1088, 4, "big"), ("header-spare", 572, 4, "big"), ("header-tail", 1280, 4, "big"), ("header-next", 520, 8, "big"), ("table-offset", 528, 8, "big"), ("header-version", 536, 4, "big"),
            ("entries", 540, 4, "big"), ("block-size", 544, 4, "big"), ("entry-0", 1536, 4, "big"), ("entry-1", 1540, 4, "big"), ("bitmap", 2048, 1, "big")],
    "qcow2": [("version", 4, 4, "big"), ("backing-offset", 8, 8, "big"), ("backing-length", 16, 4, "big"), ("cluster-bits", 20, 4, "big"), ("size", 24, 8, "big"),
              ("crypt", 32, 4, "big"), ("l1-entries", 36, 4, "big"), ("l1-offset", 40, 8, "big"), ("refcount-offset", 48, 8, "big"), ("refcount-clusters", 56, 4, "big"),
              ("snapshots", 60, 4, "big"), ("snapshots-offset", 64, 8, "big"), ("incompatible", 72, 8, "big"), ("compatible", 80, 8, "big"), ("autoclear", 88, 8, "big"),
              ("refcount-order", 96, 4, "big"), ("header-length", 100, 4, "big"), ("compression", 104, 1, "big"), ("refcount-block", 512, 8, "big"), ("refcount-0", 1024, 2, "big"),
              ("l1-0", 1536, 8, "big"), ("l2-0", 2048, 8, "big"), ("l2-zero", 2056, 8, "big"), ("l2-packed", 2080, 8, "big")],
    "vmdk": [("version", 4, 4, "little"), ("flags", 8, 4, "little"), ("capacity", 12, 8, "little"), ("grain", 20, 8, "little"), ("descriptor", 28, 8, "little"),
             ("descriptor-size", 36, 8, "little"), ("gtes", 44, 4, "little"), ("rgd", 48, 8, "little"), ("gd", 56, 8, "little"), ("overhead", 64, 8, "little"),
             ("unclean", 72, 1, "little"), ("packing", 77, 2, "little"), ("gd-0", 21 * 512, 4, "little"), ("rgd-0", 26 * 512, 4, "little"), ("rgte-0", 27 * 512, 4, "little"), ("gte-0", 22 * 512, 4, "little"), ("gte-2", 22 * 512 + 8, 4, "little")],
    "vhdx": [(copy + name, at + base, size, "little") for copy, base in (("first-", 65536), ("second-", 131072)) for name, at, size in
             (("sequence", 8, 8), ("log-version", 64, 2), ("version", 66, 2), ("log-length", 68, 4), ("log-offset", 72, 8))] +
            [("log-guid", 65536 + 48, 8, "little"), ("regions", 196608 + 8, 4, "little"), ("bat-offset", 196608 + 32, 8, "little"), ("bat-length", 196608 + 40, 4, "little"),
             ("bat-required", 196608 + 44, 4, "little"), ("metadata-offset", 196608 + 64, 8, "little"), ("items", 3 * MIB + 10, 2, "little"),
             ("item-offset", 3 * MIB + 48, 4, "little"), ("item-length", 3 * MIB + 52, 4, "little"), ("item-flags", 3 * MIB + 56, 4, "little"),
             ("block-size", 3 * MIB + 65536, 4, "little"), ("disk-flags", 3 * MIB + 65540, 4, "little"), ("disk-size", 3 * MIB + 65544, 8, "little"),
             ("sector-size", 3 * MIB + 65552, 4, "little"), ("physical-size", 3 * MIB + 65556, 4, "little"), ("region-spare", 196608 + 12, 4, "little"), ("table-spare", 3 * MIB + 12, 4, "little"), ("item-spare", 3 * MIB + 60, 4, "little"),
             ("entry-0", 2 * MIB, 8, "little"), ("entry-1", 2 * MIB + 8, 8, "little")],
    "koly": [("version", 4, 4, "big"), ("header-size", 8, 4, "big"), ("flags", 12, 4, "big"), ("running-offset", 0x10, 8, "big"), ("fork-offset", 0x18, 8, "big"),
             ("fork-length", 0x20, 8, "big"), ("resource-offset", 0x28, 8, "big"), ("resource-length", 0x30, 8, "big"), ("segment", 0x38, 4, "big"), ("segments", 0x3C, 4, "big"),
             ("fork-sum-type", 0x50, 4, "big"), ("fork-sum-bits", 0x54, 4, "big"), ("fork-sum", 0x58, 4, "big"), ("plist-offset", 0xD8, 8, "big"), ("plist-length", 0xE0, 8, "big"),
             ("signature-offset", 0x128, 8, "big"), ("signature-length", 0x130, 8, "big"), ("master-type", 0x160, 4, "big"), ("master-bits", 0x164, 4, "big"),
             ("master", 0x168, 4, "big"), ("variant", 0x1E8, 4, "big"), ("sectors", 0x1EC, 8, "big")],
    "mish": [("version", 4, 4, "big"), ("first", 8, 8, "big"), ("sectors", 0x10, 8, "big"), ("data-offset", 0x18, 8, "big"), ("buffers", 0x20, 4, "big"),
             ("descriptor", 0x24, 4, "big"), ("sum-type", 0x40, 4, "big"), ("sum-bits", 0x44, 4, "big"), ("sum", 0x48, 4, "big"), ("count", 0xC8, 4, "big"),
             ("run-type", 0xCC, 4, "big"), ("run-sector", 0xCC + 8, 8, "big"), ("run-sectors", 0xCC + 16, 8, "big"), ("run-offset", 0xCC + 24, 8, "big"),
             ("run-length", 0xCC + 32, 8, "big"), ("packed-type", 0xCC + 40, 4, "big"), ("packed-sector", 0xCC + 48, 8, "big"), ("packed-sectors", 0xCC + 56, 8, "big"),
             ("packed-offset", 0xCC + 64, 8, "big"), ("packed-length", 0xCC + 72, 8, "big"), ("end-sector", 0xCC + 168, 8, "big")],
}


def poked(data, at, size, order, name):
    own = int.from_bytes(data[at : at + size], order)
    greatest = (1 << 8 * size) - 1
    for value in sorted({0, 1, greatest, greatest - 1, (own - 1) & greatest, (own + 1) & greatest} - {own}):
        changed = data[:at] + value.to_bytes(size, order) + data[at + size :]
        yield "%s=%d" % (name, value), changed


def resealed(form, data, at):
    if form == "vhd":
        return make.reseal_vhd(data)
    if form == "vhdx":
        for start, length in ((65536, 4096), (131072, 4096), (196608, 65536)):
            if start <= at < start + length:
                block = make.sealed(data[start : start + length])
                data = data[:start] + block + data[start + length :]
                if start == 196608: # both tables say it; else the second is a witness against the first
                    data = data[:262144] + block + data[262144 + length :]
    return data


def copies(form):
    if form == "dmg":
        whole = make.small_dmg()
        start = len(whole) - 512
        for name, at, size, order in FIELDS["koly"]:
            yield from poked(whole, start + at, size, order, "koly-" + name)
        table, fork, trailer = make.small_dmg_parts()
        for name, at, size, order in FIELDS["mish"]:
            for what, changed in poked(table, at, size, order, "mish-" + name):
                yield what, make.dmg([changed], fork=fork, **trailer)
        return
    whole = make.SMALL[form]()
    for name, at, size, order in FIELDS[form]:
        for what, changed in poked(whole, at, size, order, name):
            changed = resealed(form, changed, at)
            if form == "vhd" and at < 512: # the footer says it too, and not only its copy
                changed = changed[:-512] + changed[:512]
            yield what, changed


out = sys.argv[1]
for form in make.SMALL:
    os.makedirs("%s/%s" % (out, form), exist_ok=True)
    with open("%s/small.%s" % (out, form), "wb") as file:
        file.write(make.SMALL[form]())
    for what, changed in copies(form):
        with open("%s/%s/%s.%s" % (out, form, what, form), "wb") as file:
            for at in range(0, len(changed), 4096): # holes stay holes
                piece = changed[at : at + 4096]
                if any(piece):
                    file.seek(at)
                    file.write(piece)
            file.truncate(len(changed))
        print("%s\t%s" % (form, what))
