#!/usr/bin/env bash
# VHDX images that Hyper-V made: each reads as its INDEX says, the one that was not closed too, and no file changes by being read.
. "$(dirname "$0")/../lib.sh"
need jq bzip2 gzip
[ -d "$corpus/disk/vhdx" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
checked=0
while IFS='|' read -r _ file _ _ _ _ expected _; do
  file=$(echo "$file" | tr -d ' ')
  sha=$(printf '%s' "$expected" | grep -oE '[0-9a-f]{64}' | head -1)
  name=$(basename "${file%.*}")
  case "$file" in
    *.gz) gzip -dc "$corpus/disk/$file" >"$name" ;;
    *.bz2) bzip2 -dc "$corpus/disk/$file" >"$name" ;;
  esac
  before=$(sha256sum "$name")
  x 0 verify "$name" --no-record --expect "sha256:$sha" --require external --json
  is "$(j .verdict)" match "$name"
  case "$name" in *log-replay*)
    x 0 info "$name"
    says '^log +replayed in memory: entries 80117443871106390 to 80117443871106391'
    says 'log-replay: the image was not closed' ;;
  esac
  is "$(sha256sum "$name")" "$before" "the file $name"
  checked=$((checked + 1))
done < <(grep -E '^\| vhdx/' "$corpus/disk/INDEX.md")
[ $checked -ge 2 ] || fail "only $checked samples were found in the INDEX"
echo "$checked samples"
