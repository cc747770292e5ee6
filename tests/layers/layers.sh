#!/usr/bin/env bash
# The folders are a chain: formats <- verify <- acquire <- report. A file includes only its own folder and those to its left, by a path
# from the top. formats/ knows no threads, clock, randomness, SQLite or printing. A third-party header that parses untrusted bytes is
# included by one .c in a folder. OpenSSL is in formats/ for one thing only, decrypting encrypted images: in container/crypt.c; digests are verify/'s.
set -u
cd "${SRC:-$(dirname "$0")/../..}" || exit 1
fail=0
complain() { printf '%s\n' "$1"; fail=1; }
left=""
for folder in formats verify acquire report; do
  left="$left $folder"
  while IFS=: read -r file line text; do
    target=$(printf '%s' "$text" | sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p')
    case " $left " in
      *" ${target%%/*} "*) ;;
      *) complain "$file:$line: $folder/ must not include \"$target\"" ;;
    esac
    [ -e "$target" ] || complain "$file:$line: \"$target\" is not a path from the top of the tree"
  done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder" --include='*.[ch]')
done
while IFS= read -r hit; do complain "$hit: not in formats/"; done < <(
  grep -rn '[<(]' formats --include='*.[ch]' | sed 's/"[^"]*"//g' |
    grep -E '<(pthread|threads|sqlite3|openssl/.*|syslog)\.?h?>|\b(printf|fprintf|puts|exit|abort|time|clock_gettime|getrandom|rand|pthread_[a-z]+)[[:space:]]*\(' |
    grep -vE '^formats/container/crypt\.c:[0-9]*:#include <openssl/' |
    grep -vE 'format\(printf|^[^:]*:[0-9]*:[[:space:]]*(\*|/\*|//)')
for header in libewf.h libdeflate.h bzlib.h lzma.h zstd.h libnbd.h openssl/ sqlite3.h libxml/; do
  for folder in formats verify acquire report; do
    n=$(grep -rlE "#[[:space:]]*include[[:space:]]*<$header" "$folder" --include='*.[ch]' | wc -l)
    [ "$header" = sqlite3.h ] && limit=3 || limit=1
    [ "$n" -le "$limit" ] || complain "<$header...> is included by $n files of $folder/"
  done
done
for name in util utils common misc helpers; do
  found=$(find formats verify acquire report tests -iname "$name" -o -iname "$name.*" | head -1)
  [ -z "$found" ] || complain "$found: name it for what it is"
done
[ $fail = 0 ] && echo "layers hold"
exit $fail
