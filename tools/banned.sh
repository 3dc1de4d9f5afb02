#!/bin/sh
# Functions that this code does not call, each with what it calls instead. Comments and strings are not searched.
# Prints nothing when clean, else file:line, and exits 1. Files as arguments, or all of mailer/ and tests/.
set -eu
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then printf '%s\n' "$@"; else find mailer tests -name '*.[ch]' | LC_ALL=C sort; fi | xargs awk '
    BEGIN {
        split("strcpy:g_strlcpy stpcpy:g_strlcpy strcat:g_strlcat strncpy:g_strlcpy strncat:g_strlcat " \
              "sprintf:g_snprintf vsprintf:g_vsnprintf gets:fgets strtok:g_strsplit strtok_r:g_strsplit " \
              "atoi:g_ascii_string_to_signed atol:g_ascii_string_to_signed atoll:g_ascii_string_to_signed " \
              "atof:g_ascii_strtod alloca:g_malloc g_alloca:g_malloc g_newa:g_new strdupa:g_strdup " \
              "tmpnam:g_mkstemp tempnam:g_mkstemp mktemp:g_mkstemp system:posix_spawn popen:posix_spawn " \
              "scanf:a_parser sscanf:a_parser fscanf:a_parser " \
              "asctime:g_date_time_format ctime:g_date_time_format localtime:GDateTime gmtime:GDateTime " \
              "rand:getrandom srand:getrandom random:getrandom drand48:getrandom", pairs, " ")
        for (i in pairs) { split(pairs[i], pair, ":"); instead[pair[1]] = pair[2] }
    }

    FNR == 1 { in_comment = 0 }

    {
        # Takes comments, strings and character constants out of the line, state by state.
        code = ""
        rest = $0
        while (rest != "") {
            if (in_comment) {
                at = index(rest, "*/")
                if (!at) break
                rest = substr(rest, at + 2)
                in_comment = 0
            } else if (match(rest, /\/\*|\/\/|["\047]/)) {
                code = code substr(rest, 1, RSTART - 1)
                mark = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                if (mark == "//") break
                if (mark == "/*") { in_comment = 1; code = code " "; continue }
                code = code "_"
                while (rest != "") {
                    one = substr(rest, 1, 1)
                    rest = substr(rest, one == "\\" ? 3 : 2)
                    if (one == mark) break
                }
            } else { code = code rest; break }
        }
        while (match(code, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
            word = substr(code, RSTART, RLENGTH - 1)
            sub(/[ \t]+$/, "", word)
            before = substr(code, 1, RSTART - 1)
            # a member of that name is another function
            if (word in instead && before !~ /(\.|->)$/) {
                print FILENAME ":" FNR ": " word "(); use " instead[word]
                bad = 1
            }
            code = substr(code, RSTART + RLENGTH)
        }
    }

    END { exit bad }
' || exit 1
