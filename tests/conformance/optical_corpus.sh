#!/usr/bin/env bash
# Optical images that others made: each opens with the layout and the CRC-32s its INDEX gives, or is refused as it demands, with the line or the name.
. "$(dirname "$0")/../lib.sh"
need jq python3
[ -d "$corpus/optical" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
bad=0 checked=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }
# Sheets of others name data that nobody keeps: silence of the right length stands in for it. The samples themselves stay as they are.
mkdir samples && cp -r "$corpus/optical/." samples/ && chmod -R u+w samples && cd samples || fail "no samples"
python3 - <<'END' || fail "cannot make the stand-ins"
import re, struct
def wave(path, sectors):
    n = sectors * 2352
    with open(path, "wb") as f:
        f.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + n, b"WAVE", b"fmt ", 16, 1, 2, 44100, 176400, 4, 16, b"data", n))
        f.truncate(44 + n)
def frames(m, s, f):
    return (int(m) * 60 + int(s)) * 75 + int(f)
wave("flac-cuesheets/z.wav", 360000)
wave("whipper/dummy.wav", frames(42, 49, 2))
wave("whipper/Range.wav", frames(54, 2, 0))
# Each of these in a folder of its own with a data.wav as long as its toc file says.
import os
for name in ("bloc", "breeders", "cure", "capital.1", "capital.fast", "gentlemen.fast", "jose", "ladyhawke", "strokes-someday", "surferrosa", "totbl.fast"):
    text = open("whipper/%s.toc" % name).read()
    end = max(sum(frames(*(t.split(":") if ":" in t else (0, 0, t))) for t in m) for m in re.findall(r'FILE "data.wav" (\S+) (\S+)', text))
    os.mkdir("whipper/" + name)
    os.rename("whipper/%s.toc" % name, "whipper/%s/%s.toc" % (name, name))
    wave("whipper/%s/data.wav" % name, end)
    for data, length in re.findall(r'DATAFILE "(data_[0-9]+)" .*length in bytes: ([0-9]+)', text):
        with open("whipper/%s/%s" % (name, data), "wb") as f:
            f.truncate(int(length))
    if os.path.exists("whipper/%s.cue" % name):
        os.rename("whipper/%s.cue" % name, "whipper/%s/%s.cue" % (name, name))
# The four ways EAC writes one disc: a WAV for each track, the gap before track 3 (45 sectors) in it, in the file before, or in none.
starts = [(0, 0, 32), (3, 3, 42), (5, 9, 12), (6, 56, 67), (8, 27, 0), (12, 21, 70), (14, 53, 60), (18, 47, 15), (21, 3, 70), (22, 56, 15)]
os.makedirs("whipper/none")
vcd = open("debian-made/vcd20.bin", "rb").read()
for name, first, last in (("vcd_01.img", 0, 300), ("vcd_02_pregap.img", 300, 450), ("vcd_02.img", 450, 750)):
    open("debian-made/" + name, "wb").write(vcd[first * 2352 : last * 2352])
open("libcdio/cdda_4_5.bin", "wb").write(open("libcdio/cdda.bin", "rb").read())
for name in ("", "s"):
    os.makedirs("p1/" + name, exist_ok=True)
END

# One word for each track: number.session:mode:first+sectors.
layout_of() { jq -r '[.layout.tracks[] | "\(.number).\(.session):\(.mode):\(.first_lba)+\(.sectors)"] | join(" ")' "$work/out"; }

# opens FILE LAYOUT DIGEST...: DIGEST is scope=crc32
opens() {
  local file=$1 layout=$2 want got; shift 2
  checked=$((checked + 1))
  "$EXHIBIT" info "$file" --json --progress none >"$work/out" 2>"$work/err" || { wrong "$file: $(jq -r .error.text "$work/out")"; return; }
  got=$(layout_of)
  [ "$layout" = "-" ] || [ "$got" = "$layout" ] || wrong "$file: the layout is $got, not $layout"
  jq -e '[.findings[]? | select(.outcome == "damaged")] | length == 0' "$work/out" >/dev/null || wrong "$file: $(jq -c .findings "$work/out")"
  [ $# -gt 0 ] || return
  "$EXHIBIT" hash "$file" --json --no-record --hash crc32 --progress none >"$work/out" 2>"$work/err" || { wrong "$file: hash"; return; }
  for want; do
    got=$(jq -r --arg scope "${want%=*}" '.digests[] | select(.scope == $scope and .algorithm == "crc32") | .value' "$work/out")
    [ "$got" = "${want#*=}" ] || wrong "$file: the CRC-32 of ${want%=*} is '$got', not ${want#*=}"
  done
}
# refused FILE CODE WORD: the message has the word
refused() {
  local code
  checked=$((checked + 1))
  "$EXHIBIT" info "$1" --json --progress none >"$work/out" 2>"$work/err"; code=$?
  [ $code = "$2" ] || { wrong "$1: $code, not $2: $(jq -r '.error.text // "it opens"' "$work/out")"; return; }
  jq -r '.error | .text, .file // ""' "$work/out" | grep -qiE -- "$3" || wrong "$1: '$3' is not said: $(jq -r .error.text "$work/out")"
}
# odd FILE WORD: it opens, and a remark has the word
odd() {
  checked=$((checked + 1))
  "$EXHIBIT" info "$1" --json --progress none >"$work/out" 2>"$work/err" || { wrong "$1: $(jq -r .error.text "$work/out")"; return; }
  jq -r '.findings[]? | .detail' "$work/out" | grep -qiE -- "$2" || wrong "$1: no remark says '$2'"
}
# table of the rows of one format: "<what> <file> <rest>"
A="1.1:MODE1/2352:0+64 2.1:AUDIO:64+56 3.1:AUDIO:120+16" # a disc of three tracks in many containers
ALONE="1.1:MODE1/2352:0+64 2.1:AUDIO:96+24 3.1:AUDIO:120+16" # the same where the pregap of track 2 is in no file
TWO="1.1:MODE1/2352:0+64 2.2:MODE1/2352:11464+64"
U="track:1/user=95ac6735 track:2/raw=751963c9 track:3/raw=9f969db1"

# ---- cue sheets
opens made-here/a.cue "$A" $U track:1/raw=ba3595f1 track:2/whole=084994cf media=40e88ee6
opens made-here/b.cue "$A" $U track:2/whole=084994cf
opens made-here/c.cue "$ALONE" $U
opens made-here/m3.cue "$TWO" track:1/user=95ac6735 track:2/user=072768b3
opens debian-made/vcd20.cue "1.1:MODE2/2352:0+300 2.1:MODE2/2352:300+450" track:1/user=65f23d54 track:2/user=4cd272d5
opens libcdio/cdda.cue "1.1:AUDIO:0+302" track:1/raw=ee4f2419 media=ee4f2419
opens libcdio/cdda_4_5.cue "4.1:AUDIO:0+150 5.1:AUDIO:150+152" media=ee4f2419
opens libcdio/isofs-m1.cue "1.1:MODE1/2352:0+302" track:1/user=fee7e400
refused libcdio/p1.cue 4 "BOING.BIN"
for n in cat1:4 cat2:4 cat3:4 mode1:6 msf-1:7 msf-2:7 msf-3:7; do refused libcdio/bad-${n%:*}.cue 5 "line ${n#*:}:"; done
for n in 000 002.dos_format 003.missing_final_newline 004.dos_format.missing_final_newline; do opens flac-cuesheets/good.$n.cue "1.1:AUDIO:0+360000"; done
opens flac-cuesheets/good.001.cue -
is "$("$EXHIBIT" info flac-cuesheets/good.001.cue --json | jq '.layout.tracks|length')" 28 "tracks of good.001.cue"
refused flac-cuesheets/good.005.quoted.isrc.cue 5 "line [16]:" # for that test a sheet within a FLAC file; a sheet beside its data needs FILE
cp flac-cuesheets/cuesheet.fuzz fuzz.cue; refused fuzz.cue 5 "line [0-9]+:|does not begin like"
# What that test calls bad and a disc image may well have: it opens, and the line is remarked on.
opens flac-cuesheets/bad.030.FLAGS_multiple.cue "1.1:AUDIO:0+360000"
odd flac-cuesheets/bad.031.FLAGS_wrong_place_1.cue "line 1"
odd flac-cuesheets/bad.032.FLAGS_wrong_place_2.cue "line 4"
odd flac-cuesheets/bad.111.ISRC_wrong_place_1.cue "line 2"
odd flac-cuesheets/bad.112.ISRC_wrong_place_2.cue "line 4"
odd flac-cuesheets/bad.113.ISRC_missing_number.cue "line 3"
odd flac-cuesheets/bad.114.ISRC_invalid_number.cue "line 3"
opens flac-cuesheets/bad.069.nonzero_first_INDEX.cue "1.1:AUDIO:0+360000" # a hidden track: legal
while read -r name line; do
  refused "$(echo flac-cuesheets/bad.$name.*.cue)" 5 "line $line:"
done <<'END'
000 2
001 1
002 1
003 1
060 2
061 4
062 4
063 4
064 5
065 [0-9]+
066 4
067 4
068 4
070 5
071 6
110 4
130 2
131 [23]
132 [23]
133 [234]
134 2
135 2
136 2
137 2
138 6
139 2
END
for n in 140 200 201 202 230 231 232 233 234 235; do refused "$(echo flac-cuesheets/bad.$n.*.cue)" 5 "TRACK"; done
opens whipper/kings-single.cue -
refused whipper/track-single.cue 4 "track.flac"
refused whipper/track-separate.cue 4 "track.flac"
refused whipper/kanye.cue 4 "line 8:.*Say You Will.wav" # behind a folder's name and a backslash
refused whipper/kings-separate.cue 4 "Closer.wav"

# ---- CloneCD
opens made-here/d.ccd "$A" $U media=40e88ee6
opens made-here/m1.ccd "$TWO" track:1/user=95ac6735 track:2/user=072768b3

# ---- MDS
opens made-here/e.mds "$ALONE" $U

# ---- NRG
opens made-here/h.nrg "1.1:MODE1/2352:-150+214 2.1:AUDIO:64+56 3.1:AUDIO:120+16" $U
opens made-here/j.nrg "1.1:MODE1/2048:0+64 2.1:AUDIO:214+24" track:1/user=95ac6735 track:2/raw=751963c9
opens libcdio/p1.nrg "1.1:AUDIO:-150+375 2.1:AUDIO:225+77" track:1/raw=769282bb track:2/raw=93e1fc66
opens libcdio/videocd.nrg "1.1:MODE2/2336:0+676 2.1:MODE2/2336:826+75 3.1:MODE2/2336:1051+75 4.1:MODE2/2336:1276+75 5.1:MODE2/2336:1501+225" \
  track:1/user=07c9028c track:2/user=69beb585 track:3/user=69beb585 track:4/user=69beb585 track:5/user=d59833db
opens debian-made/vcd20-vcdxbuild.nrg "1.1:MODE2/2336:0+300 2.1:MODE2/2336:450+300" track:2/user=4cd272d5 track:2/stored=16db0ba1

# ---- cdrdao's TOC
opens made-here/l.toc "$A" $U
opens debian-made/vcd-vcdxbuild.toc "1.1:MODE2/2352:0+300 2.1:MODE2/2352:300+450" track:1/user=65f23d54 track:2/user=4cd272d5
opens libcdio/isofs-m1.toc "1.1:MODE1/2352:0+302" track:1/user=fee7e400
opens libcdio/cdda.toc "1.1:AUDIO:0+25"
opens libcdio/t1.toc "1.1:AUDIO:0+74"
opens libcdio/cdtext.toc "1.1:AUDIO:0+4500"
opens libcdio/data1.toc "1.1:MODE1/2048:0+4499"
for n in cat1:[46] cat2:4 cat3:4 mode1:4 msf-1:6 msf-2:6 msf-3:6; do refused libcdio/bad-${n%:*}.toc 5 "line ${n#*:}:"; done
refused libcdio/bad-file.toc 4 "foo.bin"
refused libcdio/vcd_demo.toc 4 "vcd_demo.bin"
refused libcdio/vcd2.toc 5 "\.\."
refused debian-made/chdman-a.toc 4 "chdman-a2.bin"
refused whipper/capital.2.toc 4 "data_1"
for name in bloc breeders cure capital.1 capital.fast gentlemen.fast jose ladyhawke strokes-someday surferrosa totbl.fast; do
  opens whipper/$name/$name.toc -
  cp "$work/out" toc.json
  [ -e whipper/$name/$name.cue ] || continue
  opens whipper/$name/$name.cue "$(cp toc.json "$work/out"; layout_of)" # written from that toc file by whipper: one disc, one layout
done

# ---- ISO: the file and its volumes are one, or the difference is told
iso() { # FILE SECTORS WORD: what is said of its size; "exact" is when a volume needs all sectors and nothing is odd
  opens "$1" "1.1:BLOCKS/2048:0+$2"
  "$EXHIBIT" info "$1" --json --progress none >"$work/out" 2>"$work/err"
  jq -r '(.facts[]? | .key + " " + .value), (.findings[]? | .check + " " + .detail)' "$work/out" >said
  if [ "$3" = exact ]; then
    grep -qE "^volume .*(needs|at most) $2( |\$)" said && ! grep -q '^volume-size' said || wrong "$1: is not said to be exact: $(tr '\n' ' ' <said)"
  else
    grep -qiE -- "$3" said || wrong "$1: '$3' is not said"
  fi
}
iso libcdio/copying.iso 64 "exact"
iso libcdio/copying-rr.iso 186 "exact"
iso libcdio/joliet.iso 198 "exact"
iso libcdio/deep-directory.iso 194 "exact"
iso libcdio/multi_extent_8k.iso 60 "exact"
iso libcdio/multi_extent_8k_joliet.iso 60 "exact"
iso libcdio/multi_extent_8k_emul_toc_padded.iso 256 "^volume-size padded: 174 sectors"
iso libcdio/test-udf1.iso 445 "exact"
iso libcdio/udf102.iso 608 "exact"
iso dfvfs/iso9660.raw 179 "exact"
iso debian-made/genisoimage-nopad.iso 41 "exact"
iso debian-made/genisoimage-pad150.iso 191 "exact"
iso debian-made/genisoimage-eltorito.iso 29 "exact"
iso debian-made/dvdisaster-rs02.iso 250 "^volume-size appended: 79 sectors"
iso debian-made/implantisomd5-pass.iso 464 "exact"
iso debian-made/implantisomd5-small-falsefail.iso 191 "exact"
iso debian-made/xorriso-multisession.iso 160 "^session 2 at LBA 96: 34 sectors"
for name in bdr-0x0250:2.50 cdr-0x0150:1.50 hd-0x0201:2.01; do iso debian-made/mkudffs-${name%:*}.udf 350 "^udf_revision ${name#*:}"; done
# truncated: 24 of 174 sectors
"$EXHIBIT" verify libcdio/bad-dir.iso --json --no-record >"$work/out" 2>"$work/err"
jq -r '.findings[]? | .detail' "$work/out" | grep -qi truncated || wrong "bad-dir.iso is not told as truncated: $(head -c 300 "$work/out")"
for name in malformed malformed2; do # a fuzzed image ends in an error or in findings, never in a crash and never as a match
  "$EXHIBIT" verify libcdio/$name.iso --json --no-record >"$work/out" 2>"$work/err"; code=$?
  [[ $code =~ ^[156]$ ]] || wrong "$name.iso: $code"
done
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad of $checked samples"; }
absent ledger.db
echo "$checked samples"
