#!/usr/bin/env bash
# Images that others made: each opens with the digest its INDEX gives, or is refused as it demands.
. "$(dirname "$0")/../lib.sh"
need jq
[ -d "$corpus/disk" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
checked=0
# The rows of the ewf and raw folders that name a media digest.
while IFS='|' read -r _ file _ _ _ _ expected _; do
  file=$(echo "$file" | tr -d ' ')
  sha=$(printf '%s' "$expected" | grep -oE '[0-9a-f]{64}' | head -1)
  case "$file" in
    *.Ex01) x 5 info "$corpus/disk/$file"; says 'EWF2|Ex01' ;;
    *fuzz*) x 5 verify "$corpus/disk/$file" --no-record ;;
    ewf/*.E01|raw/*.000)
      [ -n "$sha" ] || case "$expected" in *"as dfvfs-ext2.E01"*) sha=a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80 ;; *) continue ;; esac
      "$EXHIBIT" verify "$corpus/disk/$file" --no-record --expect "sha256:$sha" --require external --json --progress none >"$work/out" 2>"$work/err" ||
        fail "$file"
      is "$(j .verdict)" match "$file"
      case "$file" in *.E01) j '.basis[]' | grep -qx stored || fail "$file: its own MD5 is no basis"
        x 0 verify "$corpus/disk/$file" --no-record --witness ;; esac ;;
    *) continue ;;
  esac
  checked=$((checked + 1))
done < <(grep -E '^\| (ewf|raw)/' "$corpus/disk/INDEX.md")
x 0 hash "$corpus/disk/raw/tsk-image.dd" --hash sha256
says 0add63db3dc87ee60438e0fb94b526462502ba9f87e7a78bb0efe858668b1108
x 0 hash "$corpus/disk/raw/dfvfs-ext2.splitraw.001" --hash sha256 # opened by its second part
says a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80
x 0 verify "$corpus/disk/ewf/tsk-image.E01" --against "$corpus/disk/raw/tsk-image.dd" --no-record
x 0 verify "$corpus/disk/ewf/dfvfs-ext2.split.E02" --no-record # opened by its second segment
[ $checked -ge 7 ] || fail "only $checked samples were found in the INDEX"
absent ledger.db
echo "$checked samples"
