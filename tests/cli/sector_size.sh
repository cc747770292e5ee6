#!/usr/bin/env bash
# R7: a raw image does not say how large its sectors are; the record beside it does, and every command believes it unless told otherwise.
. "$(dirname "$0")/../lib.sh"
need jq
sample disk.img $((2 << 20))
mkdir case
x 0 acquire disk.img -o case/disk.raw --sector-size 4096 --json
is "$(j .sector_size)" 4096
x 0 verify case/disk.raw --json
is "$(j .verdict)" match
x 0 verify case/disk.raw --against disk.img --sector-size 4096 --json
x 0 info case/disk.raw --json
is "$(j .sector_size)" 4096
is "$(j .sectors)" 512
x 0 convert case/disk.raw -o case/disk.E01 --json
is "$(j .sector_size)" 4096 "sector size after conversion"
x 0 info case/disk.raw --sector-size 512 --json
is "$(j .sector_size)" 512 "the size that was asked for"
rm case/disk.raw.record.jsonl
x 0 info case/disk.raw --json
is "$(j .sector_size)" 512 "sector size without a record"
