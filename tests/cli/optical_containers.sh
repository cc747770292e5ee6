#!/usr/bin/env bash
# One disc in many containers (tests/make/disc_maker.py): the same layout and the same digests of every track from each, each the other's reference;
# every format that can be written takes it over and gives it back byte for byte, or says first what is lost.
. "$(dirname "$0")/../lib.sh"
need jq python3
make="python3 -B $SRC/tests/make/disc_maker.py" check="python3 -B $SRC/tests/make/disc_check.py"
all=crc32,md5,sha1,sha256
bad=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }
run() { "$EXHIBIT" "$@" --progress none >"$work/out" 2>"$work/err"; code=$?; }
said() { jq -r '.error.text // empty' "$work/out" 2>/dev/null | head -1; head -1 "$work/err"; }
tell() { run hash "$1" --json --no-record --hash crc32; cp "$work/out" hash.json; [ $code = 0 ]; }

# ---- what each container says
for variant in mixed data audio hidden xa formless mode0 two enhanced; do
  $make make $variant -o $variant >$variant.json || fail "no samples of $variant"
  said=()
  while read -r container image; do
    run info "$variant/$image" --json; cp "$work/out" $variant.$container.info
    [ $code = 0 ] && { run hash "$variant/$image" --json --no-record --hash $all; cp "$work/out" $variant.$container.hash; }
    [ $code = 0 ] || { wrong "$variant/$image: $code, $(said)"; continue; }
    ! grep -q '"outcome": "damaged"' $variant.$container.info || wrong "$variant/$image: $(jq -c .findings $variant.$container.info)"
    said+=($container $variant.$container.info $variant.$container.hash)
  done < <(jq -r '.containers | to_entries[] | .key + " " + .value.image' $variant.json)
  [ ${#said[@]} -gt 0 ] || fail "nothing of $variant opens"
  $check $variant.json "${said[@]}" >said || { wrong "$variant:"; sed 's/^/    /' said; }
done

# ---- each is the other's reference: the same tracks, however stored. And a list of the track files knows the containers that hold those files.
against() { # IMAGE REFERENCE CODE
  run verify "$1" --against "$2" --json --no-record
  [ $code = "$3" ] || wrong "verify $1 --against $2: $code instead of $3: $(jq -r .verdict "$work/out" 2>/dev/null) $(said)"
}
for variant in mixed audio xa two; do
  for container in cue ccd mds nrg toc; do
    image=$variant/$(jq -r ".containers[\"$container\"].image // \"none\"" $variant.json)
    [ -e "$image" ] || continue
    against "$image" $variant/cues/disc.cue 0
    against $variant/cues/disc.cue "$image" 0
  done
  $make dat $variant.json cues >$variant.dat
  against $variant/cues/disc.cue $variant.dat 0
  against $variant/ccd/disc.ccd $variant.dat 0
done
$make make mixed --seed 2 -o other --containers cues >other.json
against mixed/cue/disc.cue other/cues/disc.cue 1
against other/cues/disc.cue mixed.dat 1

# ---- writing: from containers to every format that can be written, and what comes out holds the same tracks
convert() { # IMAGE OUT OPTION...: leaves $code
  local image=$1 out=$2; shift 2
  mkdir -p "$(dirname "$out")"
  run convert "$image" -o "$out" --json --no-record "$@"
}
# What a format has no room for at all, not even with --lossy; the words of the refusal.
impossible() { # VARIANT CONTAINER TO
  case "$1 $2 $3" in
    *" mdssub ccd") [ "$(jq '[.tracks[].pregap] | add' $1.json)" = 0 ] || echo "no file holds" ;; # gaps, and an IMG has none
    "two "*" toc"|"enhanced "*" toc") echo "session" ;;
    data*" iso iso"|data*) ;;
    *" iso") echo "track" ;;
  esac
}
for variant in mixed data audio two; do
  for container in cues ccd mdssub iso; do
    image=$variant/$(jq -r ".containers[\"$container\"].image // \"none\"" $variant.json)
    [ -e "$image" ] || continue
    for to in cue ccd toc iso; do
      out=conv/$variant-$container/$to/disc.$to shape=""
      case "$container $to" in iso\ iso) ;; iso\ *) shape=--raw-sectors ;; *\ iso) [ $variant != data ] || shape="--track 1 --user-data" ;; esac
      no=$(impossible $variant $container $to)
      convert "$image" $out $shape
      [ $code = 0 ] || [ $code = 2 ] || wrong "$image to $to: $code, $(said)"
      if [ $code = 2 ]; then # what cannot be carried is named, and nothing is there yet
        [ -n "$(said)" ] || wrong "$image to $to: refused without a word"
        [ ! -e $out ] || wrong "$image to $to: refused, and $out is there"
        if [ -n "$no" ]; then
          said | grep -qiE -- "$no" || wrong "$image to $to: '$no' is not said: $(said)"
          continue
        fi
        convert "$image" $out $shape --lossy
      fi
      [ -z "$no" ] || { wrong "$image to $to: $code, and it cannot hold it"; continue; }
      [ $code = 0 ] || { wrong "$image to $to: $code, $(said)"; continue; }
      tell $out || { wrong "$out does not open: $(said)"; continue; }
      $check $variant.json disc - hash.json >said || { wrong "$out, of $image:"; sed 's/^/    /' said; }
    done
  done
done
# a loss is named where there is one
named() { # IMAGE TO WORD OPTION...
  rm -rf lost
  convert "$1" lost/x."$2" "${@:4}"
  [ $code = 2 ] || { wrong "$1 to $2 loses $3, and $code"; return; }
  said | grep -qiE -- "$3" || wrong "$1 to $2 loses $3, and it says: $(said)"
}
named mixed/ccd/disc.ccd cue "subchannel|rows of the TOC"
named two/cue/disc.cue toc session
named mixed/cue/disc.cue iso "track|audio"
named xa/nrg/disc.nrg iso "Form 2" --track 1 --user-data

# ---- there and back: what the first writer made comes back from the second byte for byte, with all its data files. A CUE has no subchannel: what goes
# through it starts without one.
bytes() { (cd "$1" && for f in *; do case $f in *.record.jsonl|*.cue|*.ccd|*.toc) ;; *) sha256sum "$f" ;; esac; done); }
for variant in mixed hidden two; do
  for pair in cue-ccd cue-toc ccd-cue ccd-toc toc-cue toc-ccd; do
    first=${pair%-*} second=${pair#*-}
    case $variant-$pair in two-*toc*) continue ;; esac
    from=ccd; [[ $pair != *cue* ]] || from=cues
    rm -rf a b c
    convert $variant/$from/disc.${from%s} a/disc.$first --lossy; [ $code = 0 ] || { wrong "$variant to $first: $code, $(said)"; continue; }
    convert a/disc.$first b/disc.$second --lossy; [ $code = 0 ] || { wrong "$variant $first to $second: $code, $(said)"; continue; }
    convert b/disc.$second c/disc.$first --lossy; [ $code = 0 ] || { wrong "$variant $second back to $first: $code, $(said)"; continue; }
    bytes a >a.sums; bytes c >c.sums
    cmp -s a.sums c.sums || wrong "$variant $first to $second and back: $(diff a.sums c.sums | head -4 | tr '\n' ' ')"
  done
done
# the subchannel comes through where both have it
for container in ccd nrgsub; do
  rm -rf a; image=mixed/$(jq -r ".containers[\"$container\"].image" mixed.json)
  convert "$image" a/disc.ccd
  [ $code = 0 ] && tell a/disc.ccd && [ "$(jq '[.digests[]|select(.scope|test("track:[0-9]+/sub$"))]|length' hash.json)" -ge 3 ] ||
    wrong "$image to ccd: no subchannel ($code, $(said))"
done
# a track that moves to LBA 0 leaves a subchannel behind that names its old place
named mixed/ccd/disc.ccd ccd subchannel --track 2
rm -rf a; convert mixed/ccd/disc.ccd a/disc.ccd --track 2 --lossy
[ $code = 0 ] && [ ! -e a/disc.sub ] || wrong "track 2 alone as ccd: $code, $(said)"
# an E01 knows no pregaps, and is the same disc all the same
rm -rf a; convert mixed/cue/disc.cue a/disc.E01 --lossy
against a/disc.E01 mixed/cue/disc.cue 0
against mixed/cue/disc.cue a/disc.E01 0
# an ISO: the user data of the data track, no more and no less
rm -rf a; convert data/cue/disc.cue a/disc.iso --user-data --lossy
[ $code = 0 ] && cmp -s a/disc.iso data/iso/disc.iso || wrong "the ISO is not the user data: $code, $(said)"
# an E01 of a disc, and back
rm -rf a; convert data/iso/disc.iso a/disc.E01
[ $code = 0 ] && convert a/disc.E01 a/back.iso --lossy && cmp -s a/back.iso data/iso/disc.iso || wrong "an ISO to E01 and back: $code, $(said)"
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad things"; }
