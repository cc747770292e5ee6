# lib_faults.sh - the faulty disks of the fault tests. Source after ../lib.sh.
servers="$BUILD/tests"

need_fuse() {
  [ -x "$servers/$1" ] || skip "$1 was not built: libfuse3-dev is missing"
  [ -w /dev/fuse ] || skip "no /dev/fuse"
}
wait_for() { soon test -e "$1" || fail "$1 did not appear"; }
# says_soon PATTERN, phase NAME: the program that runs says so, in the file err.
says_soon() { soon grep -qE "$1" err || fail "nothing says '$1'"; }
phase() { says_soon "\"phase\":\"($1)\""; }
# kept_something FOLDER: the acquisition that runs there has put some sectors on record, so that a later one has something to go on with.
keeps_something() { grep -q '^d' "$1"/*.partial/journal; }
kept_something() { soon keeps_something "$1" || fail "nothing is kept in $1"; }

# serve SERVER IMAGE FOLDER RULE...: starts it; $work/FOLDER/disk is its file.
serve() {
  local server=$1 image=$2 at=$work/$3; shift 3
  need_fuse "$server"
  mkdir -p "$at"
  "$servers/$server" "$image" "$at" "$@" &
  mounts+=("$at")
  wait_for "$at/disk"
}
# attach_rw FILE: a writable loop device, in $loop.
attach_rw() {
  loop=$(losetup -f --show "$1" 2>"$work/err") || skip "no loop device can be attached: $(cat "$work/err")"
  loops+=("$loop")
}
mount_at() { local at=$work/$1; shift; mkdir -p "$at"; mount "$@" "$at" 2>"$work/err" || skip "cannot mount: $(cat "$work/err")"; mounts+=("$at"); }

# ended LEDGER OUTCOME [CODE]: the last line of the ledger is the end, or the pause, of an acquisition with this outcome.
ended() {
  local line
  line=$(sqlite3 "$1" 'select line from entry order by seq desc limit 1') || fail "cannot read $1"
  jq -r .type <<<"$line" | grep -qxE "acquire-(end|pause)" || fail "the last record is $(jq -r .type <<<"$line")"
  is "$(jq -r .body.outcome <<<"$line")" "$2" "recorded outcome"
  [ $# -lt 3 ] || is "$(jq -r .body.error.code <<<"$line")" "$3" "recorded code"
}
# told CODE [PATTERN]: what the last x with --json printed is this error, with a text; stderr names it too.
told() {
  jq -e . "$work/out" >/dev/null 2>&1 || fail "stdout is not one JSON document"
  j .error.code | grep -qxE -- "$1" || fail "the error code is '$(j .error.code)', not '$1'"
  [ -n "$(j '.error.text // empty')" ] || fail "an error without a text"
  [ -z "${2:-}" ] || j '.error | .text + " " + (.file // "")' | grep -qE -- "$2" || fail "the error does not say '$2'"
  grep -qE '^exhibit: |"event":"error"' "$work/err" || fail "stderr says nothing"
}
