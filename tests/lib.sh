# lib.sh - what the shell tests share. Sourced with EXHIBIT (the program), BUILD and SRC set by ctest.
set -u
: "${EXHIBIT:?the program under test}" "${BUILD:=}" "${SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
corpus=${EXHIBIT_CORPUS:-$SRC/../shared/corpus}
work=$(mktemp -d "${TMPDIR:-/tmp}/exhibit-test.XXXXXX")
loops=() mounts=()
unset EXHIBIT_LEDGER

at_exit() {
  local code=$? i
  cd /
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[i]}" 2>/dev/null || umount -l "${mounts[i]}" 2>/dev/null; done
  for ((i = ${#loops[@]} - 1; i >= 0; i--)); do losetup -d "${loops[i]}" 2>/dev/null; done
  rm -rf "$work"
  exit $code
}
trap at_exit EXIT

fail() { printf 'FAIL: %s\n' "$*" >&2; [ -s "$work/out" ] && sed 's/^/  out| /' "$work/out" | head -40 >&2
         [ -s "$work/err" ] && sed 's/^/  err| /' "$work/err" | head -40 >&2; exit 1; }
skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }
need() { local tool; for tool; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root to attach a loop device or mount"; }

# x CODE ARGUMENT...: runs exhibit, keeps stdout in $work/out and stderr in $work/err, and insists on the exit status.
x() {
  local want=$1 got; shift
  "$EXHIBIT" "$@" --progress none >"$work/out" 2>"$work/err"; got=$?
  [ "$got" = "$want" ] || fail "exhibit $* ended with $got, not $want"
}
says() { grep -qE -- "$1" "$work/out" "$work/err" || fail "nothing says '$1'"; }
is() { [ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"; }
j() { jq -r "$1" "$work/out"; }
absent() { local f; for f; do [ ! -e "$f" ] || fail "$f exists"; done; }

# soon COMMAND...: waits for it, a minute at most; false when it never came true. For what another process does: never a fixed pause.
soon() { local end=$((SECONDS + 60)); until "$@" 2>/dev/null; do [ $SECONDS -lt $end ] || return 1; sleep 0.02; done; }

# attach FILE [losetup options]: a read-only loop device over it, in $loop.
attach() {
  local file=$1; shift
  loop=$(losetup -r -f --show "$@" "$file" 2>"$work/err") || skip "no loop device can be attached: $(cat "$work/err")"
  loops+=("$loop")
}
# detach, unmount: the loop device, the mount made last. The kernel lets go of either only when the last who has it open is done with it, were it udev or
# a reading process that ends: a loop device still holds its file, and so the file system beneath, when losetup is back.
behind() { cat "/sys/block/${1##*/}/loop/backing_file" 2>/dev/null; }
not_behind() { [ "$(behind "$1")" != "$2" ]; }
detach() {
  local device=${loops[-1]} file; file=$(behind "$device")
  losetup -d "$device" || fail "losetup -d $device"
  [ -z "$file" ] || soon not_behind "$device" "$file" || fail "$device does not let $file go"
  unset 'loops[-1]'
}
unmount() { soon umount "${mounts[-1]}" || fail "umount: $(umount "${mounts[-1]}" 2>&1)"; unset 'mounts[-1]'; }

# sample FILE BYTES: a file of that size from real files, zeros and noise, the same bytes in each run.
sample() {
  local third=$(($2 / 3))
  { { cat "$SRC"/formats/*/*.c "$SRC"/LICENSE; while cat "$SRC"/verify/*.c "$SRC"/LICENSE; do :; done; } 2>/dev/null | head -c "$third"
    head -c "$third" /dev/zero
    openssl enc -aes-128-ctr -nosalt -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
      head -c $(($2 - 2 * third)); } >"$1"
}
cd "$work" || exit 1
