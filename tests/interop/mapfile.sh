# Rescue maps between exhibit and GNU ddrescue: each reads the other's, goes on from it, and ends at the same map and image; ddrescuelog agrees on every
# total; and the passes ask the medium for fewer reads than ddrescue does over the same faults.
. "$SRC/tests/lib.sh"
need ddrescue ddrescuelog awk cmp
sim=$BUILD/tests/rescue_simulation
[ -x "$sim" ] || skip "rescue_simulation is not built"

# faults FILE SECTORS SECTOR SEED N: a map in which N runs of up to 40 sectors are bad and all else is finished.
faults() {
  awk -v sectors="$2" -v size="$3" -v seed="$4" -v n="$5" 'BEGIN {
    srand(seed); print "0 + 1"
    while (n-- > 0) { s = int(rand() * sectors); l = rand() < 0.5 ? 1 : int(rand() * 40) + 1; while (l-- > 0 && s < sectors) bad[s++] = 1 }
    for (s = 0; s <= sectors; s++) {
      a = s == sectors ? "" : (s in bad) ? "-" : "+"
      if (a != now) { if (now != "") printf "%.0f %.0f %s\n", from * size, (s - from) * size, now; from = s; now = a }
    } }' >"$1"
}
# shorten MAP BYTES: cuts the last block so that the map ends there.
shorten() { awk -v end="$2" 'NF == 3 && NR > 1 && $1 + $2 > end { $2 = end - $1 } { print }' "$1" >"$1.cut" && mv "$1.cut" "$1"; }

# agree MAP BYTES SECTOR: our totals of this map are ddrescuelog's: sectors of each area by its lists, areas and extent by its summary.
agree() {
  local map=$1 bytes=$2 sector=$3 ours area i=0 listed ranges
  ours=($("$sim" totals "$map" "$bytes" "$sector" 0)) || fail "we cannot read $map"
  ddrescuelog -t "$map" >out 2>err || fail "ddrescuelog cannot read $map"
  for area in '?' '*' '/' '-' '+'; do
    listed=$(ddrescuelog -b "$sector" -l "$area" "$map" | awk -v size="$sector" -v end="$bytes" '{ n += ($1 + 1) * size > end ? end - $1 * size : size }
      END { printf "%.0f", n }')
    is "${ours[i]}" "$listed" "$map: bytes of '$area'"
    i=$((i + 1))
  done
  ranges=$(awk '/mapfile extent/ { for (k = 1; k < NF; k++) if ($k == "in") print $(k + 1) }' out)
  is "${ours[5]}" "$ranges" "$map: ranges"
}
same() { ddrescuelog -p "$1" "$2" 2>err >out || fail "$1 and $2 are not the same map"; ddrescuelog -p "$2" "$1" 2>err >out || fail "$2 and $1 differ"; }

# The image must be the medium, zeros where it is bad.
check_image() { # IMAGE FAULTS
  cp full want.img
  awk 'NR > 1 && $3 == "-" { print $1, $2 }' "$2" | while read -r at length; do
    dd if=/dev/zero of=want.img bs=1M seek="$at" count="$length" oflag=seek_bytes iflag=count_bytes conv=notrunc status=none
  done
  truncate -s "$(stat -c %s full)" "$1"
  cmp want.img "$1" || fail "the image $1 is not the medium"
}

handover() { # SECTOR BYTES SEED N
  local sector=$1 bytes=$2 seed=$3 n=$4 stop k
  "$sim" fill full "$bytes" "$sector" || fail "cannot make a medium"
  faults bad.map $(((bytes + sector - 1) / sector)) "$sector" "$seed" "$n"
  shorten bad.map "$bytes"
  agree bad.map "$bytes" "$sector"

  # Whole runs of each side: the same map.
  rm -f whole.map theirs.map theirs.img
  "$sim" rescue bad.map "$bytes" "$sector" whole.img whole.map >counts || fail "our rescue failed"
  ddrescue -q -b "$sector" -H bad.map full theirs.img theirs.map || fail "ddrescue's rescue failed"
  same whole.map theirs.map
  same whole.map bad.map
  agree whole.map "$bytes" "$sector"
  agree theirs.map "$bytes" "$sector"
  check_image whole.img bad.map
  check_image theirs.img bad.map

  # Ours is stopped anywhere, and ddrescue ends it.
  for stop in 0 1 3 20 60 150 400; do
    for k in "" lost; do
      rm -f ours.map ours.img
      "$sim" $k rescue bad.map "$bytes" "$sector" ours.img ours.map $stop >counts || fail "our rescue failed"
      agree ours.map "$bytes" "$sector"
      ddrescue -q -b "$sector" -H bad.map full ours.img ours.map || fail "ddrescue cannot go on from our map"
      same ours.map whole.map
      check_image ours.img bad.map
      agree ours.map "$bytes" "$sector"
    done
  done

  # ddrescue is stopped between its passes and in the middle of them, and we end it.
  for k in --cpass=1\ -N\ -n --cpass=2\ -N\ -n -N\ -n -n "-X 2" "-X 9" "-X 30" "-s $((bytes / 3))" "-R -X 5"; do
    rm -f theirs.map theirs.img
    ddrescue -q -b "$sector" -H bad.map $k full theirs.img theirs.map >/dev/null 2>&1
    [ -s theirs.map ] || fail "ddrescue $k left no map"
    "$sim" totals theirs.map "$bytes" "$sector" 0 >/dev/null || fail "we cannot read the map of ddrescue $k"
    "$sim" rescue bad.map "$bytes" "$sector" theirs.img theirs.map >counts || fail "we cannot go on from the map of ddrescue $k"
    same theirs.map whole.map
    check_image theirs.img bad.map
  done
}
handover 512 $((4 << 20)) 1 30
handover 4096 $((12 << 20)) 2 15
handover 2048 $((3 * 1048576 + 700)) 3 8 # a short last sector

# What ddrescuelog itself makes of maps, we read as it does.
faults bad.map 8192 512 5 20
bytes=$((4 << 20))
ddrescuelog -n bad.map >inverted.map
ddrescuelog -a '-,*' bad.map >untrimmed.map
ddrescuelog -a '-,/' bad.map >unscraped.map
ddrescuelog -a '+,?' bad.map >untried.map
faults other.map 8192 512 55 20
ddrescuelog -z untrimmed.map other.map >or.map
ddrescuelog -x untrimmed.map other.map >xor.map
ddrescuelog -A bad.map >annotated.map
ddrescuelog -i $((1 << 20)) -s $((1 << 20)) -a '+,?' bad.map >part.map
printf '%s\n' 7 5 6 100 8000 | ddrescuelog -b 512 -s "$bytes" -c blocks.map
printf '0 ? 1\n512 512 +\n4096 8192 -\n4190208 4096 /\n' >gaps.map # made by hand
ddrescuelog -C gaps.map >complete.map
for map in inverted untrimmed unscraped untried or xor annotated part blocks; do
  [ -s "$map.map" ] || fail "ddrescuelog made no $map map"
  agree "$map.map" "$bytes" 512
done
is "$("$sim" totals blocks.map "$bytes" 512 0)" "0 0 0 $((bytes - 5 * 512)) $((5 * 512)) 7" "a map of listed blocks"
printf '9\n' | ddrescuelog -b 512 -c endless.map # up to the largest position there is
is "$("$sim" totals endless.map "$bytes" 512 0)" "0 0 0 $((bytes - 512)) 512 3" "a map without an end"
is "$("$sim" totals gaps.map "$bytes" 512 0)" "$("$sim" totals complete.map "$bytes" 512 0)" "a map with gaps"
is "$("$sim" totals bad.map 1048576 512 1048576 | cut -d' ' -f5)" \
  "$(ddrescuelog -b 512 -i 1048576 -s 1048576 -l + bad.map | awk 'END { print NR * 512 }')" "a range of the device"

# A map made with another sector size loads, whole sectors taking the least finished of their parts: as ddrescue -b does.
faults odd.map 8192 512 6 40
ddrescuelog -a '-,*' odd.map >odd512.map
cp odd512.map odd4096.map
ours=($("$sim" totals odd512.map "$bytes" 4096 0))
is $((ours[1] % 4096)) 0 "untrimmed bytes of whole sectors"
truncate -s "$bytes" zeros
ddrescue -q -b 4096 --cpass=0 -N -n zeros joined.img odd4096.map >/dev/null 2>&1
theirs=($("$sim" totals odd4096.map "$bytes" 4096 0))
is "${ours[*]}" "${theirs[*]}" "totals in sectors of 4096"

# No more reads than ddrescue needs, and hardly more that fail: 64 MiB, 150 runs of bad sectors.
bytes=$((64 << 20))
faults many.map 131072 512 9 150
truncate -s "$bytes" zeros
ddrescue -q -S -H many.map --log-reads=reads zeros theirs.img theirs64.map
theirs=($(awk '!/^#/ { n++; f += $4 > 0 } END { print n, f }' reads))
rm -f ours64.map lost64.map
ours=($("$sim" rescue many.map "$bytes" 512 - ours64.map | sed 's/.*all: \([0-9]*\) reads, \([0-9]*\) failed.*/\1 \2/'))
lost=($("$sim" lost rescue many.map "$bytes" 512 - lost64.map | sed 's/.*all: \([0-9]*\) reads, \([0-9]*\) failed.*/\1 \2/'))
echo "64 MiB, 150 bad runs: ddrescue ${theirs[0]} reads, ${theirs[1]} failed; exhibit ${ours[*]}; without good prefixes ${lost[*]}"
same ours64.map theirs64.map
same lost64.map theirs64.map
[ "${ours[0]}" -lt $((theirs[0] / 2)) ] || fail "we need ${ours[0]} reads, ddrescue ${theirs[0]}"
[ $((ours[1] * 10)) -le $((theirs[1] * 12)) ] || fail "${ours[1]} of our reads failed, ${theirs[1]} of ddrescue's"
[ "${lost[0]}" -le "${theirs[0]}" ] || fail "we need ${lost[0]} reads where good prefixes are lost, ddrescue ${theirs[0]}"
