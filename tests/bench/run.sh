#!/usr/bin/env bash
# run.sh - exhibit beside its peers on the same bytes, as ratios from one run.
#   tests/bench/run.sh [SIZE [RUNS]]     default 2G and 3; BENCH_DIR chooses the disk, EXHIBIT the program, ONLY a regular expression of rows
# Every pair runs in turn (A B A B ...), so that a machine whose speed drifts slows both. Figures are medians of wall-clock seconds.
# The source is real files (a tar stream of /usr), read once beforehand, so all readers find it in the same cache.
# A row says what each side does: our acquire also fsyncs, and reads the copy back past the page cache unless "--verify none" is shown.
set -u
size=${1:-2G} runs=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
exhibit=${EXHIBIT:-$here/../../build/release/exhibit}
dir=$(mktemp -d "${BENCH_DIR:-/var/tmp}/exhibit-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
[ -x "$exhibit" ] || { echo "build it first: cmake --preset release && cmake --build --preset release"; exit 1; }
bytes=$(numfmt --from=iec "$size")
tar cf - /usr 2>/dev/null | head -c "$bytes" >src.raw
have=$(stat -c %s src.raw)
while [ "$have" -lt "$bytes" ]; do # a small /usr is repeated
  head -c $((bytes - have)) src.raw >>src.raw; have=$(stat -c %s src.raw)
done
cat src.raw >/dev/null

once() { # seconds and peak KiB of one run, into $seconds and $peak
  local t
  rm -rf out; mkdir out
  t=$( { /usr/bin/time -f '%e %M' "$@" >out/stdout 2>out/stderr; } 2>&1 ) || true
  t=$(tail -1 out/stderr)
  seconds=${t% *} peak=${t#* }
}
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }

printf '%-34s %-34s %8s %8s %7s %9s %9s\n' "exhibit" "peer" "ours s" "peer s" "ratio" "ours MiB" "peer MiB"
pair() { # NAME-OF-OURS NAME-OF-PEER -- our command -- peer command
  local ours=$1 peer=$2 a=() b=() ta=() tb=() pa=0 pb=0 i
  shift 3
  while [ "$1" != -- ]; do a+=("$1"); shift; done
  shift; b=("$@")
  [[ $ours =~ ${ONLY:-.} ]] || return 0
  command -v "${b[0]}" >/dev/null || { printf '%-34s %-34s not installed\n' "$ours" "$peer"; return; }
  for ((i = 0; i < runs; i++)); do
    once "${a[@]}"; ta+=("$seconds"); ((peak > pa)) && pa=$peak
    [ "$i" = 0 ] && sizes=$(cat out/*.E?? 2>/dev/null | wc -c)
    once "${b[@]}"; tb+=("$seconds"); ((peak > pb)) && pb=$peak
    [ "$i" = 0 ] && peers=$(cat out/*.E?? 2>/dev/null | wc -c)
  done
  local ma mb
  ma=$(printf '%s\n' "${ta[@]}" | median "$runs") mb=$(printf '%s\n' "${tb[@]}" | median "$runs")
  printf '%-34s %-34s %8s %8s %6.2fx %9d %9d' "$ours" "$peer" "$ma" "$mb" "$(echo "$mb / $ma" | bc -l)" $((pa / 1024)) $((pb / 1024))
  [ "${sizes:-0}" -gt 0 ] && [ "${peers:-0}" -gt 0 ] && printf '   size %.4f of peer' "$(echo "$sizes / $peers" | bc -l)"
  echo
}
E="$exhibit"; quiet=(--progress none --no-record)

pair "acquire raw, no read-back" "dc3dd md5+sha256" -- "$E" acquire src.raw -o out/a.raw --verify none "${quiet[@]}" -- dc3dd if=src.raw of=out/b.raw hash=md5 hash=sha256
pair "acquire raw" "dc3dd md5+sha256" -- "$E" acquire src.raw -o out/a.raw "${quiet[@]}" -- dc3dd if=src.raw of=out/b.raw hash=md5 hash=sha256
pair "acquire raw" "dc3dd + hof= (re-read)" -- "$E" acquire src.raw -o out/a.raw "${quiet[@]}" -- dc3dd if=src.raw hof=out/b.raw hash=md5 hash=sha256
# One digest that is not MD5, both sides writing the copy and reading it again: the same work on both.
pair "acquire raw, sha256" "dc3dd sha256 + hof= (re-read)" -- "$E" acquire src.raw -o out/a.raw --hash sha256 "${quiet[@]}" -- dc3dd if=src.raw hof=out/b.raw hash=sha256
pair "acquire raw, sha256, no read-back" "dc3dd sha256" -- "$E" acquire src.raw -o out/a.raw --hash sha256 --verify none "${quiet[@]}" -- dc3dd if=src.raw of=out/b.raw hash=sha256
pair "acquire raw" "dcfldd md5,sha256" -- "$E" acquire src.raw -o out/a.raw "${quiet[@]}" -- dcfldd if=src.raw of=out/b.raw hash=md5,sha256 bs=1M status=off
pair "acquire E01 fast, no read-back" "ewfacquire -c fast" -- "$E" acquire src.raw -o out/a.E01 --verify none "${quiet[@]}" -- ewfacquire -q -u -c fast -S 7E -d sha256 -t out/b src.raw
pair "acquire E01 fast" "ewfacquire -c fast" -- "$E" acquire src.raw -o out/a.E01 "${quiet[@]}" -- ewfacquire -q -u -c fast -S 7E -d sha256 -t out/b src.raw
pair "acquire E01 none" "ewfacquire -c none" -- "$E" acquire src.raw -o out/a.E01 --compress none "${quiet[@]}" -- ewfacquire -q -u -c none -S 7E -d sha256 -t out/b src.raw
pair "acquire E01 best" "ewfacquire -c best" -- "$E" acquire src.raw -o out/a.E01 --compress best "${quiet[@]}" -- ewfacquire -q -u -c best -S 7E -d sha256 -t out/b src.raw

"$E" acquire src.raw -o img.E01 "${quiet[@]}" >/dev/null || exit 1
cat img.E0* >/dev/null
pair "verify E01, md5+sha256" "ewfverify (md5)" -- "$E" verify img.E01 "${quiet[@]}" -- ewfverify -q img.E01
pair "verify E01, md5" "ewfverify (md5)" -- "$E" verify img.E01 --hash md5 "${quiet[@]}" -- ewfverify -q img.E01
pair "convert E01 to raw, read back" "ewfexport -f raw" -- "$E" convert img.E01 -o out/a.raw --lossy "${quiet[@]}" -- ewfexport -q -u -f raw -t out/b img.E01

# Disks of virtual machines and Apple's: ours with both digests, the peers with none.
pair "convert raw to VDI, no read-back" "qemu-img convert -O vdi" -- "$E" convert src.raw -o out/a.vdi --verify none "${quiet[@]}" -- qemu-img convert -f raw -O vdi src.raw out/b.vdi
pair "convert raw to VDI" "qemu-img convert -O vdi" -- "$E" convert src.raw -o out/a.vdi "${quiet[@]}" -- qemu-img convert -f raw -O vdi src.raw out/b.vdi
pair "convert raw to QCOW2 zlib" "qemu-img convert -c" -- "$E" convert src.raw -o out/a.qcow2 --compress zlib --verify none "${quiet[@]}" -- qemu-img convert -c -f raw -O qcow2 src.raw out/b.qcow2
"$E" convert src.raw -o img.dmg --compress zlib --verify none "${quiet[@]}" >/dev/null || exit 1
cat img.dmg >/dev/null
pair "verify zlib DMG, checksums" "7z t" -- "$E" verify img.dmg --hash crc32 "${quiet[@]}" -- 7z t img.dmg
pair "verify zlib DMG, sha256 too" "7z t" -- "$E" verify img.dmg --hash sha256 "${quiet[@]}" -- 7z t img.dmg
