#!/usr/bin/env bash
# Apple disk images that others made: each decodes to the digest its INDEX gives, with its checksums holding; what is hostile is refused.
. "$(dirname "$0")/../lib.sh"
need jq bzip2
[ -d "$corpus/disk/dmg" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
printf 'test123\n' >passphrase
checked=0
while IFS='|' read -r _ file _ _ _ _ expected _; do
  file=$(echo "$file" | tr -d ' ') image=$corpus/disk/$(echo "$file" | tr -d ' ')
  sha=$(printf '%s' "$expected" | grep -oE 'sha256 `[0-9a-f]{64}' | tail -1 | cut -d'`' -f2)
  case "$file" in
    *hostile*) x 5 verify "$image" --input-format dmg --no-record; checked=$((checked + 1)); continue ;;
    *.dmg.bz2) bzip2 -dc "$image" >here.dmg || fail "$file"; image=here.dmg ;;
    *.dmg) ;;
    *) continue ;;
  esac
  [ -n "$sha" ] || fail "the INDEX names no digest of $file"
  x 0 verify "$image" --no-record --expect "sha256:$sha" --require external --json --passphrase-file passphrase
  is "$(j .verdict)" match "$file"
  x 0 verify "$image" --no-record --json --passphrase-file passphrase
  is "$(j .verdict)" consistent "$file by its own checksums"
  checked=$((checked + 1))
done < <(grep -E '^\| dmg/' "$corpus/disk/INDEX.md")
[ $checked -ge 13 ] || fail "only $checked samples were found in the INDEX"

# By hand, from what the INDEX says of their bytes.
band0() { printf 'H+\0\4'; head -c 1020 /dev/zero | tr '\0' '\252'; head -c 1024 /dev/zero; }
{ band0; head -c 1024 /dev/zero | tr '\0' '\314'; } >image.raw
{ band0; head -c 512 /dev/zero | tr '\0' '\314'; head -c 512 /dev/zero; } >bundle.raw
x 0 verify "$corpus/disk/dmg/dmgforensic-synthetic.sparseimage" --against image.raw --no-record
x 0 verify "$corpus/disk/dmg/dmgforensic-synthetic.sparsebundle" --against bundle.raw --no-record
x 0 verify "$corpus/disk/dmg/dmgforensic-synthetic.sparsebundle/Info.plist" --against bundle.raw --no-record
absent ledger.db
echo "$checked samples"
