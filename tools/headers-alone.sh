#!/bin/sh
# Every header compiles alone, and twice. Prints nothing when clean, else what the compiler says, and exits 1.
# Headers whose names are arguments, or all of mailer/.
set -eu
cd "$(dirname "$0")/.."
flags=$(pkg-config --cflags glib-2.0 gio-2.0 gio-unix-2.0 gmime-3.0 openssl sqlite3 jansson libcmark libsystemd \
    libconfuse libseccomp | sed 's/-I/-isystem /g')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export flags work

# shellcheck disable=SC2016
if [ $# -gt 0 ]; then printf '%s\n' "$@"; else find mailer -name '*.h' | LC_ALL=C sort; fi |
    xargs -P 2 -I '{}' sh -c '
        header=${1#mailer/}
        said=$work/$$
        printf "#include \"%s\"\n#include \"%s\"\ntypedef int not_empty;\n" "$header" "$header" |
            ${CC:-gcc} -std=gnu17 -fsyntax-only -Wall -Wextra -Werror -Wstrict-prototypes -Imailer $flags -x c - \
                2>"$said" && exit 0
        { printf "%s:1: does not compile alone\n" "$1"; sed "s/^/    /" "$said"; } >>"$said.all"
        cat "$said.all"
        exit 1' sh '{}' || exit 1
