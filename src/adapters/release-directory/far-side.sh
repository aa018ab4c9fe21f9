# What Belay does in a release directory on another host: one command under one lock, so that nothing waits for the network while the lock is
# held. It is given words and never reads a name as a command; it wants a POSIX shell, stat, ln, mv, find, cmp and /proc, and no Node.
# sh -c <this text> belay <root> <seconds for the lock> <verb> ...; it answers with texts that each end with a NUL, from "belay" to "end".
LC_ALL=C
umask 022
export LC_ALL
# Who hears us may have gone: what is begun is ended all the same, and programs that are started here ignore nothing.
trap : HUP PIPE

out() { for one; do printf '%s\0' "$one"; done; }
over() { out end; exit 0; }
# Told by its last words, so that no name of a file can look like it.
fail() { out "$1" "${2-}" failed; exit 0; }
exists() { [ -e "$1" ] || [ -L "$1" ]; }
sync_on() { sync -- "$1" 2>/dev/null || sync; }

# Of $1, not followed: inode, mtime and ctime in nanoseconds.
stamp() {
  found=$(stat -c '%i %Y %y %Z %z' -- "$1" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- $found
  ino=$1
  case $4 in *.*) mtime=$2${4#*.} ;; *) mtime=${2}000000000 ;; esac
  case $8 in *.*) ctime=$6${8#*.} ;; *) ctime=${6}000000000 ;; esac
}

# $1 in base 36, as Belay writes numbers in the history.
b36() {
  n=$1
  digits=
  while :; do
    d=$((n % 36))
    n=$((n / 36))
    set -- 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w x y z
    shift "$d"
    digits=$1$digits
    [ "$n" -gt 0 ] || return 0
  done
}

mark() {
  stamp "$1" || return 1
  b36 "$ino"
  id=$digits
  b36 "$mtime"
  id=$id-$digits
  b36 "$ctime"
  seal=$id-$digits
}

# The link: id and seal of it, when it was made, and what it names. Read twice: all of it must be of one link.
link() {
  [ -L current ] || { exists current && fail link; fail gone current; }
  while :; do
    mark current || fail gone current
    first=$seal
    named=$(readlink -n -- current; printf x)
    named=${named%x}
    mark current || fail gone current
    [ "$first" = "$seal" ] && return 0
  done
}

# When process $1 began, as its kernel says it and in ms of this host's clock. False: there is none, or only its corpse.
sighted() {
  IFS= read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086
  set -- ${line##*) }
  case $1 in Z | X) return 1 ;; esac
  born=${20}
  while read -r word value; do [ "$word" = btime ] && began=$((value * 1000 + born * 10)) && break; done </proc/stat
}

# The process that the pid file $1 names, if it is provably still that one.
proven() {
  pid=
  start=
  [ -e "$1" ] || return 1
  [ -r "$1" ] || fail unreadable "$1"
  { read -r pid; read -r start; } <"$1"
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  sighted "$pid" || return 1
  [ -z "$start" ] || { [ "$start" = "$born" ]; return; }
  written=$(stat -L -c %Y -- "$1" 2>/dev/null) || return 1
  [ "$began" -le $((written * 1000 + 3000)) ]
}

# One line at the end of the history, on the disk when it returns; after a line that a kill has cut it begins a new one.
append() {
  cut=
  [ -s .belay-history.ndjson ] && [ -n "$(tail -c 1 .belay-history.ndjson)" ] && cut='
'
  printf '%s%s\n' "$cut" "$1" >>.belay-history.ndjson || return 1
  sync_on .belay-history.ndjson
}

still() { [ "$(stat -c %i -- .belay-lock 2>/dev/null)" = "$mine" ]; }
give() { ! still || rm -f -- .belay-lock; }

# The lock until the end of this program, waited for as long as was said. One whose holder is proven dead is taken from it.
take() {
  draft=.belay-lock.$$-$(date +%s)
  sighted $$ || born=
  { printf '%s\n%s\n' $$ "$born" >"$draft"; } 2>/dev/null || fail unwritable
  mine=$(stat -c %i -- "$draft")
  until=$(($(date +%s) + patience))
  while ! ln -- "$draft" .belay-lock 2>/dev/null; do
    before=$(stat -c '%i %y %z' -- .belay-lock 2>/dev/null)
    pid=
    start=
    { read -r pid; read -r start; } 2>/dev/null <.belay-lock
    holder="process $pid"
    case $pid in
    '' | *[!0-9]*) holder= ;;
    *)
      if ! sighted "$pid" || { [ -n "$start" ] && [ "$start" != "$born" ]; }; then
        if [ "$(stat -c '%i %y %z' -- .belay-lock 2>/dev/null)" != "$before" ] || rm -f -- .belay-lock 2>/dev/null; then
          continue
        fi
        holder="process $pid, which has ended and whose .belay-lock may not be removed"
      fi
      ;;
    esac
    if [ "$(date +%s)" -ge "$until" ]; then
      rm -f -- "$draft"
      exists .belay-lock || fail unwritable
      fail held "$holder"
    fi
    sleep 0.1 2>/dev/null || sleep 1
  done
  trap give EXIT
  trap 'exit 1' INT TERM
  rm -f -- "$draft"
}

# $1: the pid file; $2: "folders" to be told them, too, and which of the files that follow each of them has.
see() {
  pid_file=$1
  with=$2
  shift 2
  link
  out link "$id" "$seal" "$mtime" "$named" "$(readlink -f -- releases)" "$(readlink -f -- current)"
  if exists FREEZE; then out frozen; else out open; fi
  if [ -z "$pid_file" ]; then out unasked '' '' ''; elif proven "$pid_file"; then out process "$pid" "$born" "$began"; else out none '' '' ''; fi
  [ ! -e .belay-history.ndjson ] || [ -r .belay-history.ndjson ] || fail unreadable .belay-history.ndjson
  out "$(tail -c 1000000 .belay-history.ndjson 2>/dev/null; printf x)"
  [ -z "$with" ] || folders "$@"
}

# Every folder of releases/: its name, when it was made, whether it is empty, and which of the files $@ it has.
folders() {
  { [ -d releases ] && [ -r releases ]; } || fail gone releases
  for folder in releases/*; do
    { [ -d "$folder" ] && [ -r "$folder" ] && [ -x "$folder" ]; } || continue
    full=
    for one in "$folder"/* "$folder"/.[!.]* "$folder"/..?*; do exists "$one" && full=full && break; done
    has=
    for one; do if [ -e "$folder/$one" ]; then has=${has}1; else has=${has}0; fi; done
    stamp "$folder/." || continue
    out folder "${folder#releases/}" "$mtime" "$full" "$has"
  done
}

# Tells the service to load the release $1: by the signal of a proven process, or by a program.
tell() {
  release=$1
  how=$2
  shift 2
  case $how in
  signal)
    proven "$2" || return 0
    kill -s "$1" "$pid" 2>/dev/null && return 0
    # It may have gone by itself: one that is down loads the link when it starts.
    proven "$2" || return 0
    out untold "$1 could not be sent to process $pid"
    return 1
    ;;
  run)
    said=.belay-said.$$
    limit=
    command -v timeout >/dev/null 2>&1 && limit='timeout 60'
    # shellcheck disable=SC2086
    env "BELAY_RELEASE=$release" $limit "$@" </dev/null >/dev/null 2>"$said"
    code=$?
    told=$(tail -c 500 -- "$said" 2>/dev/null)
    rm -f -- "$said"
    [ $code -eq 0 ] && return 0
    out untold "$1 ended with $code: $told"
    return 1
    ;;
  esac
}

# Only if the link is still the one with the seal $1: puts the release $3 in its place ('': it is there already), writes the lines of the
# history around the id of the link, and tells the service.
change() {
  expected=$1 key=$2 release=$3 live=$4 head=$5 told_head=$6
  shift 6
  take
  rm -rf -- .belay-current-*
  link
  [ "$seal" = "$expected" ] || fail moved "$named"
  # A connection that has broken while the lock was waited for: nobody waits for this any more.
  out held 2>/dev/null || fail alone
  if [ -n "$release" ]; then
    place=.belay-current-$key
    [ -d "releases/$release" ] || fail pruned
    { mkdir "$place" && ln -s -- "releases/$release" "$place/current" && mark "$place/current"; } 2>/dev/null || fail unwritable
    placed=$id
    append "$head$placed\"}" 2>/dev/null || { rm -rf -- "$place"; fail unwritable; }
    still || { rm -rf -- "$place"; fail held ''; }
    link
    [ "$seal" = "$expected" ] || { rm -rf -- "$place"; fail moved "$named"; }
    # By the name that it has inside a folder: a plain "mv link current" would move it into the release that current names.
    mv -f -- "$place/current" ./ 2>/dev/null || { rm -rf -- "$place"; fail unwritable; }
    rmdir -- "$place"
    sync_on .
    id=$placed
  fi
  out placed "$id"
  if tell "$live" "$@"; then
    append "$told_head$id\"}" 2>/dev/null || out untold 'the history could not be written'
    out told
  fi
}

freeze() {
  take
  if [ "$1" = off ]; then
    rm -f -- FREEZE 2>/dev/null || fail unfrozen
  elif ! exists FREEZE; then
    draft=.belay-freeze-$$
    { rm -f -- "$draft" && printf '%s\n' "$2" >"$draft" && sync_on "$draft" && mv -f -- "$draft" FREEZE; } 2>/dev/null || fail unfrozen
    sync_on .
  fi
}

of_release() { { [ -d "releases/$1" ] && [ ! -L "releases/$1" ]; } || fail release "$1"; }

text() {
  of_release "$1"
  file=releases/$1/$2
  { [ -f "$file" ] && [ ! -L "$file" ]; } || { out none; return; }
  [ "$(stat -c %s -- "$file")" -le 1048576 ] || fail large "$2"
  [ -r "$file" ] || fail unreadable "$2"
  out text "$(cat -- "$file"; printf x)"
}

# Which files differ between the releases $1 and $2: all of them, or those of $3 and what follows (a folder ends with a slash).
changed() {
  from=releases/$1 to=releases/$2
  of_release "$1"
  of_release "$2"
  shift 2
  [ $# -gt 0 ] || set -- ./
  # shellcheck disable=SC2016
  each='
    from=$1 side=$2 to=$3
    shift 3
    for file; do
      path=${file#"$side/"}
      path=${path#./}
      a=$from/$path b=$to/$path
      # What both sides have is told once, by the first of them.
      if [ "$side" = "$to" ] && { [ -e "$a" ] || [ -L "$a" ]; } && { [ ! -d "$a" ] || [ -L "$a" ]; }; then continue; fi
      if [ -L "$a" ] && [ -L "$b" ]; then
        [ "$(readlink -- "$a")" = "$(readlink -- "$b")" ] && continue
      elif [ -f "$a" ] && [ -f "$b" ] && [ ! -L "$a" ] && [ ! -L "$b" ]; then
        cmp -s -- "$a" "$b" && continue
      elif [ ! -e "$a" ] && [ ! -L "$a" ] && [ ! -e "$b" ] && [ ! -L "$b" ]; then
        continue
      elif [ -d "$a" ] && [ -d "$b" ]; then
        continue
      fi
      printf "%s\0" "$path"
    done'
  for path; do
    case $path in
    */)
      for side in "$from" "$to"; do
        [ ! -d "$side/$path" ] || find "$side/${path%/}" ! -type d -exec sh -c "$each" sh "$from" "$side" "$to" {} +
      done
      ;;
    *) sh -c "$each" sh "$from" "$from" "$to" "$from/$path" ;;
    esac
  done
}

root=$1
patience=$2
verb=$3
shift 3
out belay
for program in stat ln mv readlink find cmp tail; do command -v "$program" >/dev/null 2>&1 || fail program "$program"; done
cd -- "$root" 2>/dev/null || fail gone .
case $verb in
see | change | freeze | text | changed) "$verb" "$@" ;;
note) append "$1" 2>/dev/null || fail unwritable ;;
esac
over
