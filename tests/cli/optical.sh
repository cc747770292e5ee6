#!/usr/bin/env bash
# Discs as a person meets them: the table of info, every way between containers, what is lost said first, digests of tracks, the report.
. "$(dirname "$0")/../lib.sh"
need jq xmllint python3
for f in cue ccd toc iso; do "$EXHIBIT" --help | grep -q "^  $f " || skip "this build reads no $f"; done
sha() { sha256sum "$1" | cut -d' ' -f1; }
media() { j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value'; }

# a disc of 300 sectors of user data, and two audio tracks, the first with a pregap and a further index
sample user.bin $((300 * 2048))
put() { printf "$2" | dd of=user.bin bs=1 seek="$1" conv=notrunc 2>/dev/null; }
head -c $((20 * 2048)) /dev/zero | dd of=user.bin conv=notrunc 2>/dev/null # a volume of 300 blocks (ECMA-119), so that it is an ISO image
put $((16 * 2048)) '\001CD001\001'; put $((16 * 2048 + 80)) '\054\001\000\000\000\000\001\054'
put $((16 * 2048 + 128)) '\000\010\010\000'; put $((17 * 2048)) '\377CD001\001'
sample audio.bin $((400 * 2352))
cat user.bin audio.bin >disc.bin
cat >disc.cue <<'END'
CATALOG 1234567890128
TITLE "The whole"
FILE "disc.bin" BINARY
  TRACK 01 MODE1/2048
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Second of three"
    PERFORMER "Nobody"
    FLAGS DCP PRE
    ISRC DEABC0112345
    INDEX 00 00:04:00
    INDEX 01 00:05:00
    INDEX 02 00:06:00
  TRACK 03 AUDIO
    INDEX 01 00:08:00
END
{ cat disc.cue disc.bin; } >before

# ---- a sheet that names itself as its data; one whose title would drive the terminal is a sheet all the same
printf 'FILE "SELF.CUE" BINARY\n TRACK 01 AUDIO\n INDEX 01 00:00:00\n' >self.cue
x 5 info self.cue; says 'line 1: .*names itself as its data'
printf 'CD_DA\nTRACK AUDIO\nFILE "self.toc" 0\n' >self.toc
x 5 info self.toc; says 'line 3: .*names itself as its data'
{ printf 'TITLE "red \033[31m\007"\n'; cat disc.cue; } >title.cue
x 0 info title.cue; says '3 tracks'; ! grep -q $'\033' "$work/out" || fail "a title drives the terminal"

# ---- info: a table for people, keys for programs
x 0 info disc.cue
says '^disc  .*3 tracks in 1 session$'
says '^catalogue +1234567890128'
says '^ +1 +1 +MODE1/2048 +data +- +0 +00:02:00 +300 +00:04:00 +2048'
says '^ +2 +1 +AUDIO +DCP PRE +00:01:00 stored +375 +00:07:00 +225 +00:03:00 +2352  DEABC0112345$'
says 'INDEX 02 +450 +00:08:00$'
says '^  track 2 +title +Second of three$'
x 0 info disc.cue --json
is "$(j .layout.mcn)" 1234567890128
is "$(j '.layout.tracks|length')" 3
is "$(j '.layout.tracks[1]|[.first_lba,.start_lba,.pregap,.stored_pregap,.sectors,.isrc]|@csv')" '300,375,75,75,300,"DEABC0112345"'
is "$(j '.layout.tracks[1].indexes[0]|[.number,.lba]|@csv')" 2,450
is "$(j '.layout.lead_outs[0].lba')" 700
is "$(j '.layout.cdtext[]|select(.track==2).performer')" Nobody
[ "$(j '.layout.cdtext_packs[0]|length')" = 36 ] || fail "no raw packs"

# ---- what a format cannot take is said, with the option that would bend it
x 2 convert disc.cue -o no.raw; says 'give --track N'; absent no.raw no.raw.partial
x 2 convert disc.cue -o no.iso; says -- '--track 1 would make it fit'; absent no.iso no.iso.partial
x 2 convert disc.cue -o no.ccd; says -- '--raw-sectors would make it fit'; absent no.ccd no.img no.ccd.partial
x 2 convert disc.cue -o no.iso --user-data; says 'give --track N'
x 2 convert disc.cue -o no.raw --track 4; says 'no track 4'
x 2 convert disc.cue -o no.raw --track x; says 'not a number from 1 to 99'
x 2 convert disc.cue -o no.ccd --raw-sectors --user-data --track 1; says opposites

# ---- framed: what is made up is named; the way back gives the same bytes
x 0 convert disc.cue -o raw.ccd --raw-sectors --json
is "$(j .verification)" match
is "$(j '.generated|length')" 1; j '.generated[0]' >g; grep -q 'track 1.*EDC and parities of 300 sectors' g || fail "what is generated is not named: $(cat g)"
says 'generated, not read: track 1'
is "$(stat -c %s raw.img)" $((700 * 2352))
cmp <(tail -c $((400 * 2352)) raw.img) audio.bin || fail "audio in the .img"
x 0 verify raw.ccd --require ledger; says 'track 1 +300 sectors: 300 ok'
x 0 convert raw.ccd -o user.iso --track 1 --user-data; says 'can be made again from the user data'; cmp user.iso user.bin || fail "user data"
x 0 convert user.iso -o again.ccd --raw-sectors; cmp again.img <(head -c $((300 * 2352)) raw.img) || fail "generated anew, and not the same"
x 0 convert raw.ccd -o two.raw --track 2 --json; cmp two.raw <(head -c $((300 * 2352)) audio.bin | tail -c $((225 * 2352))) || fail "track 2"
is "$(j .of)" range
j '.losses[]|"\(.what) \(.on_record)"' >losses; grep -q 'ISRC true' losses || fail "the loss of the ISRC is not named: $(cat losses)"
is "$(jq -r 'select(.type=="convert-end").body.source.layout.tracks[1].isrc' two.raw.record.jsonl)" DEABC0112345 "what the record keeps of the source"

# ---- round trips: the media stream and every track come back
x 0 hash raw.ccd --json; want=$(media); j '.digests[]|select(.scope|startswith("track:"))|"\(.scope) \(.algorithm) \(.value)"' | sort >tracks
for way in cue toc E01; do
  x 0 convert raw.ccd -o way.$way --json; is "$(media)" "$want" "media digest as $way"; is "$(j .verification)" match
  x 0 verify way.$way --require ledger
  x 0 convert way.$way -o back-$way.ccd --json; is "$(media)" "$want" "media digest back from $way"
  cmp raw.img back-$way.img || fail "the .img that came back from $way"
done
for way in cue toc; do
  x 0 hash way.$way --json
  j '.digests[]|select(.scope|startswith("track:"))|"\(.scope) \(.algorithm) \(.value)"' | sort | cmp - tracks || fail "the tracks as $way"
  x 0 info way.$way --json; is "$(j '[.layout.mcn,.layout.tracks[1].isrc,.layout.tracks[1].stored_pregap,.layout.tracks[1].indexes[0].lba]|@csv')" \
    '"1234567890128","DEABC0112345",75,450' "what is known of the disc as $way"
done

# ---- what is said to be on record is there: read back from the side record of the image that lost it
kept() { # IMAGE KIND...: `out` names a loss of each kind as on record, and the record has it
  local image=$1 kind; shift
  for kind; do
    j ".losses[]|select(.kind==\"$kind\")|.on_record" | sort -u >losses; is "$(cat losses)" true "the loss of $kind by $image"
    jq -se --arg kind $kind 'map(select(.type=="convert-end"))[0].body | .source.layout as $l | {
      "mcn": ($l.mcn == "1234567890128"), "isrc": ($l.tracks[1].isrc == "DEABC0112345"), "cd-text": ($l.cdtext_packs|length > 0),
      "index": ($l.tracks[1].indexes == [{number: 2, lba: 450}]), "track": ($l.tracks[1] | [.mode, .first_lba] == ["AUDIO", 300]),
      "track-place": ($l.tracks[1].first_lba == 300), "pregap": ($l.tracks[1] | [.pregap, .stored_pregap] == [75, 75]),
      "sector-size": (.source.sector_size == 4096), "lead-out": ($l.lead_outs[0].lba == 700),
      "track-control": ($l.tracks[1].control > 0), "toc-rows": ($l.toc | length > 0), "case": (.case.case == "7/26"),
      "unreadable": (.unreadable == [[297, 3]])}[$kind]' "$image.record.jsonl" >/dev/null || fail "$kind is not in the record of $image"
  done
}
x 0 convert raw.ccd -o kept.E01 --json; kept kept.E01 mcn isrc cd-text index pregap toc-rows
x 0 convert raw.ccd -o kept.raw --track 2 --case 7/26 --json; kept kept.raw track isrc case
x 0 convert raw.ccd -o kept.cue --json; kept kept.cue toc-rows
head -c 40960 user.bin >sectors.raw
x 0 convert sectors.raw -o kept.vdi --sector-size 4096 --json; kept kept.vdi sector-size
x 2 convert sectors.raw -o no.vdi --sector-size 4096 --no-record; says 'with --no-record nothing else will'; absent no.vdi
# ---- a last sector that is not full has no place in them: filled up, the medium would have another digest
{ cat user.bin; printf 1234567; } >tail.iso
x 2 convert tail.iso -o tail.cue; says 'the last sector of track 1 has 7 of 2048 bytes: a cue sheet holds whole sectors'; absent tail.cue tail.bin
x 0 convert tail.iso -o tail.raw --no-record; cmp tail.raw tail.iso || fail "the tail"

# ---- files of another disc in the way are found before anything is read
mkdir way; echo mine >"way/d (Track 2).bin"; echo mine >way/e.SUB
x 2 convert raw.ccd -o way/d.cue; says 'Track 2'; x 2 convert raw.ccd -o way/e.ccd; says 'e.SUB'
is "$(ls way | tr '\n' ' ')" 'd (Track 2).bin e.SUB ' "what lies there"; is "$(cat way/e.SUB)" mine

# ---- losses that no record keeps must be agreed to
cp raw.ccd sub.ccd; sed -i 's/raw\.img/sub.img/g' sub.ccd; cp raw.img sub.img; head -c $((700 * 96)) /dev/zero >sub.sub
x 0 info sub.ccd; says '2352\+96'
x 2 convert sub.ccd -o lost.cue; says 'subchannel'; says -- '--lossy'; absent lost.cue lost.cue.partial
x 0 convert sub.ccd -o lost.cue --lossy --json; j '.losses[]|select(.on_record|not).what' >losses; grep -q subchannel losses || fail "the loss is not named"
says 'lost, as agreed: the subchannel'
x 2 convert raw.ccd -o lost.raw --track 2 --no-record; says -- '--lossy'; absent lost.raw

# texts that CD-TEXT cannot hold are in no copy
{ printf 'TITLE "\320\226"\n'; sed '/^TITLE/d' disc.cue; } >cyrillic.cue
x 2 convert cyrillic.cue -o texts.toc; says 'would be lost: titles and other texts \(1 texts'; absent texts.toc texts.toc.partial
x 0 convert cyrillic.cue -o texts.toc --lossy
sed 's/TITLE ".*"/TITLE "\\320\\226"/' texts.toc >cyrillic.toc
x 2 convert cyrillic.toc -o texts.cue; says 'would be lost: titles and other texts \([0-9]+ texts are in no packs'; absent texts.cue texts.cue.partial

# ---- user data of sectors that hold more
cp again.ccd more.ccd; cp again.img more.img; printf '\125' | dd of=more.img bs=1 seek=$((2352 * 9 + 2200)) conv=notrunc 2>/dev/null
x 2 convert more.ccd -o more.iso --user-data; says '1 sectors, the first at LBA 9'; absent more.iso
x 0 convert more.ccd -o more.iso --user-data --lossy; cmp more.iso user.bin || fail "user data beside a bad parity"
cp again.ccd form.ccd; cp again.img form.img; printf '\002' | dd of=form.img bs=1 seek=$((2352 * 11 + 15)) conv=notrunc 2>/dev/null
x 2 convert form.ccd -o form.iso --user-data; says 'sectors, the first at LBA 11, have no 2048 bytes'; absent form.iso form.iso.partial

# ---- a data file that ends too early: its last sectors are lost, listed, and stay on record
cp again.ccd short.ccd; head -c -5000 again.img >short.img
x 3 convert short.ccd -o cut.toc --json; is "$(j '.unreadable|tostring')" '[[297,3]]'; is "$(j .unreadable_sectors)" 3
x 0 verify cut.toc --require ledger; says '3 sectors from LBA 297 could not be read when the image was made'
x 3 convert short.ccd -o cut.E01; x 0 convert cut.E01 -o cut.raw --json; kept cut.raw unreadable

# a stored pregap is no part of the volume: the user data begin at INDEX 01
head -c $((150 * 2352)) /dev/zero | cat - again.img >pregap.bin
printf 'FILE "pregap.bin" BINARY\n TRACK 01 MODE1/2352\n INDEX 00 00:00:00\n INDEX 01 00:02:00\n' >pregap.cue
x 2 convert pregap.cue -o pregap.iso --user-data; says 'the stored pregap of track 1 \(150 sectors\)'; absent pregap.iso pregap.iso.partial
x 0 convert pregap.cue -o pregap.iso --user-data --lossy --json; cmp pregap.iso user.bin || fail "user data behind a stored pregap"
is "$(j .of)" range; x 0 info pregap.iso; says 'exact: 300 sectors'

# the user data of a track without any file system are an image that opens, and is not damaged
sample plain.bin $((40 * 2048)); printf 'FILE "plain.bin" BINARY\n TRACK 01 MODE1/2048\n INDEX 01 00:00:00\n' >plain.cue
x 0 convert plain.cue -o plain.iso; x 0 info plain.iso; says 'no file system is found'; x 0 verify plain.iso --require ledger

# ---- digests of tracks
x 0 hash raw.ccd; says '^track +bytes +crc32 +md5 +sha1$'
crc=$(tail -c $((100 * 2352)) raw.img | gzip -c | tail -c8 | od -An -tx4 -N4 | tr -d ' ')
says "^ *3 raw +235200 +$crc +$(tail -c $((100 * 2352)) raw.img | md5sum | cut -d' ' -f1) +$(tail -c $((100 * 2352)) raw.img | sha1sum | cut -d' ' -f1)$"
x 0 verify raw.ccd --expect "crc32:$crc@track:3/raw" --expect "sha256:$(sha user.bin)@track:1/user"
x 1 verify raw.ccd --expect "sha256:$(sha user.bin)@track:3/raw"
x 2 verify raw.ccd --expect "sha256:$(sha user.bin)@track:3/cooked"; says 'no scope'

# ---- a sector that fails its EDC: found, told, recorded and reported
printf 'X' | dd of=raw.img bs=1 seek=$((2352 * 20 + 1000)) conv=notrunc 2>/dev/null
x 1 verify raw.ccd --json
is "$(j '.audit.tracks[0]|[.verdicts.ok,.verdicts.repairable,.ranges[0][0]]|@csv')" 299,1,20 "the audit"
is "$(j '.audit.tracks[1].checked')" false
x 0 report raw.ccd -o report
xmllint --noout --schema "$SRC/report/pages/exhibit-report.xsd" report/report.xml 2>err || fail "report.xml: $(cat err)"
grep -q 'Sessions and tracks' report/report.html && grep -q '299 ok, 1 repairable' report/report.html || fail "the report's disc"
grep -q '<index number="2" lba="450"/>' report/report.xml && grep -q 'mcn="1234567890128"' report/report.xml || fail "report.xml lacks what is known"
x 0 report two.raw -o report2; grep -q 'of the disc it was made from' report2/report.html || fail "the source disc in the report"
cmp before <(cat disc.cue disc.bin) || fail "the source was written to"

# ---- a file system that is truncated is imaged as it is: it is the disc that lacks sectors, not the copy
python3 - truncated.iso <<'PY' || fail "no image"
import struct, sys
both = lambda v, f: struct.pack('<' + f, v) + struct.pack('>' + f, v)
disc = bytearray(24 * 2048)
volume = bytearray(b'\1CD001\1'.ljust(2048, b'\0'))
volume[80:88], volume[120:124], volume[124:128], volume[128:132] = both(174, 'I'), both(1, 'H'), both(1, 'H'), both(2048, 'H')
volume[156:190] = bytes([34, 0]) + both(20, 'I') + both(2048, 'I') + bytes(7) + bytes([2, 0, 0]) + both(1, 'H') + bytes([1, 0])
disc[16 * 2048:17 * 2048], disc[17 * 2048:17 * 2048 + 7] = volume, b'\xffCD001\1'
open(sys.argv[1], 'wb').write(disc)
PY
x 1 verify truncated.iso --hash none --no-record; says 'truncated: the volumes need 174 sectors and 24 are there'
x 0 convert truncated.iso -o copied.iso --no-record; cmp copied.iso truncated.iso || fail "a truncated file system"
x 0 acquire truncated.iso -o acquired.iso --sector-size 2048 --no-record; cmp acquired.iso truncated.iso || fail "a truncated file system, acquired"
x 1 verify acquired.iso --hash none --no-record; says 'truncated: the volumes need 174 sectors and 24 are there'
