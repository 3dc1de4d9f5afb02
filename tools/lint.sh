#!/bin/sh
# What `make lint` checks: layers, headers alone, banned functions, formatting, clang-tidy, cppcheck, gcc -fanalyzer.
# Prints nothing but findings and a closing line; exits 1 when there is any.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
packages="glib-2.0 gio-unix-2.0 gmime-3.0 openssl sqlite3 jansson libcmark libsystemd libconfuse libseccomp"
flags="-std=gnu17 -Imailer -DG_LOG_DOMAIN=\"usher\" -DUSHER_DATADIR=\"/usr/local/share/usher\" $(pkg-config --cflags $packages | sed 's/-I/-isystem /g')"
# Leaks are AddressSanitizer's to find: neither analyzer knows the cleanup attribute behind g_autofree and scoped().
sources=$(ls mailer/*.c mailer/*/*.c)

fail() { echo "lint: $1 found something"; status=1; }

tools/layers.sh || fail layers
tools/headers-alone.sh || fail headers-alone
tools/banned.sh || fail banned
clang-format --dry-run --Werror mailer/*.c mailer/*/*.[ch] tests/unit/*.c 2>&1 | grep -E 'error:' | head -20 | grep . && fail clang-format
cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --library=gtk --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=memleak --suppress=varFuncNullUB --suppress=internalAstError --suppress=nullPointerArithmeticRedundantCheck -Imailer $sources || fail cppcheck
checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-assignment-in-if-condition'
checks="$checks,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-macro-parentheses"
checks="$checks,-clang-analyzer-unix.Malloc,-bugprone-suspicious-string-compare,-bugprone-sizeof-expression,-bugprone-not-null-terminated-result"
checks="$checks,-bugprone-branch-clone,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling"
# shellcheck disable=SC2086
for f in $sources; do echo "$f"; done | xargs -P 2 -I{} clang-tidy --quiet --checks="$checks" {} -- $flags 2>/dev/null |
    grep -E 'error:|warning:' | sort -u | head -40 | grep . && fail clang-tidy
# shellcheck disable=SC2086
for f in $sources; do gcc $flags -O1 -fanalyzer -w -Wanalyzer-null-dereference -Wanalyzer-use-after-free -Wanalyzer-double-free \
    -c -o /dev/null "$f" 2>&1; done | grep -E 'warning:' | head -20 | grep . && fail analyzer
[ $status -eq 0 ] && echo "lint: clean"
exit $status
