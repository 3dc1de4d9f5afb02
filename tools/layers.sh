#!/bin/sh
# Enforces mailer/LAYERS: a folder includes itself and the folders named after it, which all stand above it in the file,
# so there is no cycle; only store/ includes <sqlite3.h>. Prints nothing when clean, else file:line and the reason, and
# exits 1. An argument names another tree than this one.
set -eu
cd "${1-$(dirname "$0")/..}"

find mailer -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    function complain(text) { print FILENAME ":" FNR ": " text; bad = 1 }

    FILENAME == "mailer/LAYERS" {
        sub(/#.*/, "")
        if (NF == 0) next
        folder = $1
        if (folder !~ /:$/) { complain("expected FOLDER: and the folders it may include"); next }
        sub(/:$/, "", folder)
        for (i = 2; i <= NF; i++) {
            if (!($i in known)) complain("\"" $i "\" must stand above \"" folder "\"")
            may[folder, $i] = 1
        }
        known[folder] = 1
        next
    }

    FNR == 1 {
        parts = split(FILENAME, part, "/")
        own = parts == 2 ? "main" : part[2]
        if (!(own in known)) complain("folder \"" own "\" has no line in mailer/LAYERS")
    }

    /^[ \t]*#[ \t]*include[ \t]*</ {
        if ($0 ~ /<sqlite3(ext)?\.h>/ && own != "store") complain("only store/ includes <sqlite3.h>")
    }

    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        target = quoted[2]
        if (target !~ /\//) { complain("write \"" own "/" target "\": an include names its folder"); next }
        if (target ~ /\.\./) { complain("\"" target "\": no .. in an include"); next }
        sub(/\/.*/, "", target)
        if (target != own && !((own, target) in may)) complain(own "/ may not include " target "/ (\"" quoted[2] "\")")
    }

    END { exit bad }
' mailer/LAYERS || exit 1
