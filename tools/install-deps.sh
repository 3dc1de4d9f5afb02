#!/bin/sh
# Installs the Debian packages that usher needs and that are missing here; does nothing, fast, when all are there.
#
#   tools/install-deps.sh runtime   what building and running usher takes
#   tools/install-deps.sh check     that, and what `make demo` and `make check` take (the default)
#   tools/install-deps.sh lint      that, and what `make lint` takes
#   tools/install-deps.sh bench     like check, and Node.js for the peers of `make bench`
#   tools/install-deps.sh valgrind  like check, and Valgrind for `make check-valgrind`
#   tools/install-deps.sh --list [runtime|check|lint|bench|valgrind]   only prints the names
#
# As root or through sudo. No package is removed. No service a package brings is started (a policy-rc.d for the time of
# the call; one that is there already is put back) or left enabled (what the packages enabled is disabled again).
set -eu

RUNTIME="
build-essential      gcc, make and the C library's headers
pkg-config           finds the libraries below
libglib2.0-dev       base library: strings, containers, errors, time zones
libsqlite3-dev       the database
libesmtp-dev         sends mail (SMTP)
libetpan-dev         reads mail (IMAP)
libgmime-3.0-dev     reads and writes MIME
libssl-dev           TLS for both
libjansson-dev       JSON
libcsv-dev           CSV
libcmark-dev         Markdown
libconfuse-dev       configuration, sequences, facts
libsystemd-dev       readiness and watchdog notices
libseccomp-dev       confines the process that parses mail
ca-certificates      the authorities that mail servers are checked against
tzdata               customers' time zones
"
CHECK="
python3              runs the end-to-end tests and the private mail system
openssl              makes that system's certificates
dovecot-imapd        its mailboxes
dovecot-lmtpd        delivery into them
dovecot-submissiond  submission with login
exim4-daemon-light   its mail transport, bounces included
systemd              systemd-analyze verifies usher.service
man-db               shows the manual pages to the test that reads them to their end
strace               shows that a simulation opens no socket
"
LINT="
clang-format         layout of the code
clang-tidy           static analysis
cppcheck             static analysis
"
BENCH="
nodejs               runs the peers
npm                  fetches them
"
VALGRIND="
valgrind             memory that is read before it is written, or after it was freed
"

say() { printf 'install-deps: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
names() { printf '%s' "$1" | awk 'NF { print $1 }'; }

list_only=
if [ "${1-}" = --list ]; then
    list_only=yes
    shift
fi
case "${1-check}" in
runtime) wanted=$(names "$RUNTIME") ;;
check) wanted=$(names "$RUNTIME$CHECK") ;;
lint) wanted=$(names "$RUNTIME$CHECK$LINT") ;;
bench) wanted=$(names "$RUNTIME$CHECK$BENCH") ;;
valgrind) wanted=$(names "$RUNTIME$CHECK$VALGRIND") ;;
*) fail "unknown set of packages '$1'; one of runtime, check, lint, bench, valgrind" ;;
esac
if [ -n "$list_only" ]; then
    printf '%s\n' "$wanted"
    exit 0
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
unpacked=$(dirname "$here")/build/deps

command -v dpkg-query >/dev/null 2>&1 ||
    fail "this is not a Debian system; install the counterparts of these packages by hand: $(echo $wanted)"

# A command that is there by another way than its Debian package (Node.js from its makers, say) is good enough.
have_otherwise() {
    case $1 in
    nodejs) command -v node ;;
    npm) command -v npm ;;
    exim4-daemon-light) [ -x "$unpacked/usr/sbin/exim4" ] && getent passwd Debian-exim ;;
    *) false ;;
    esac >/dev/null 2>&1
}

missing=
# shellcheck disable=SC2086
installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
    awk '$1 == "installed" { printf "%s ", $2 }')"
for package in $wanted; do
    case $installed in
    *" $package "*) ;;
    *) have_otherwise "$package" || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    advice="missing Debian packages, and this user may not install them; as root: apt-get install --no-install-recommends$missing"
    command -v sudo >/dev/null 2>&1 || fail "$advice"
    # Without a terminal sudo could only hang or fail at asking for a password.
    if [ -t 0 ]; then
        say "asking sudo for leave to install:$missing"
        sudo -v || fail "$advice"
        sudo -- sh "$here/install-deps.sh" "${1-check}"
    else
        sudo -n true 2>/dev/null || fail "$advice"
        sudo -n -- sh "$here/install-deps.sh" "${1-check}"
    fi
    exit 0
fi

# --- from here on as root ------------------------------------------------------------------------------------------

policy=/usr/sbin/policy-rc.d
saved=/usr/sbin/policy-rc.d.before-usher
mark='# usher: no service starts while its packages are installed'
work=$(mktemp -d)
log=$work/log

remove_policy() {
    if [ -e "$policy" ] && grep -qsF "$mark" "$policy"; then
        rm -f "$policy"
    fi
    if [ -e "$saved" ] || [ -L "$saved" ]; then
        mv -f "$saved" "$policy"
    fi
}

place_policy() {
    remove_policy # what a killed call may have left
    if [ -e "$policy" ] || [ -L "$policy" ]; then
        mv "$policy" "$saved"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
}

# What starts at boot: unit links, and the S links of System V scripts.
enabled_now() {
    {
        find /etc/systemd/system /etc/systemd/user -type l 2>/dev/null
        find /etc/rc[0-6S].d -name 'S*' 2>/dev/null
    } | LC_ALL=C sort
}

# Undoes what the packages enabled since the call began. A package that was there before keeps its state.
disable_new() {
    enabled_now >"$work/enabled-after"
    LC_ALL=C comm -13 "$work/enabled-before" "$work/enabled-after" >"$work/enabled-new"
    while IFS= read -r link; do
        case $link in
        /etc/rc*) ;;
        *) rm -f "$link" ;;
        esac
    done <"$work/enabled-new"
    sed -n 's|^/etc/rc[0-6S]\.d/S[0-9][0-9]||p' "$work/enabled-new" | sort -u >"$work/scripts-new"
    while IFS= read -r script; do
        update-rc.d "$script" disable >>"$log" 2>&1 || true
    done <"$work/scripts-new"
}

finish() {
    status=$?
    trap - EXIT
    set +e # whatever fails, the rest is put back
    remove_policy
    if [ -e "$work/enabled-before" ]; then
        disable_new
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

exec 9>/var/lib/dpkg/usher-install-deps.lock
flock 9 || fail "cannot lock"

export DEBIAN_FRONTEND=noninteractive
apt() {
    apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 9>&-
}
give_up() {
    tail -n 25 "$log" >&2
    fail "$1"
}

say "installing Debian packages:$missing"
apt update || say "apt-get update had trouble; going on with the lists that are there"

# Exim conflicts with every other mail server package. Nobody's mail server is replaced for a test: where one is
# installed, Exim's files are only unpacked into build/deps, where the tests look for them too.
case "$missing " in
*" exim4-daemon-light "*)
    if dpkg-query -W -f='${db:Status-Status} ${Provides}\n' | grep -q '^installed .*mail-transport-agent'; then
        missing=$(echo "$missing " | sed 's/ exim4-daemon-light / /')
        missing="$missing libgnutls-dane0 libpcre2-8-0 libdb5.3 libidn12 libidn2-0 libnsl2"
        mkdir -p "$unpacked" "$work/exim"
        chmod 755 "$work"
        (cd "$work/exim" && apt-get -q download exim4-daemon-light >>"$log" 2>&1 9>&-) ||
            give_up "could not fetch exim4-daemon-light"
        dpkg-deb -x "$work"/exim/*.deb "$unpacked"
        # The set-uid bit is of no use here.
        chmod 755 "$unpacked/usr/sbin/exim4"
        chown -R --reference="$here" "$(dirname "$unpacked")"
        # Exim looks its user up by name before all else, even when it runs as somebody else.
        getent passwd Debian-exim >/dev/null || useradd --system --user-group --no-create-home \
            --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim >>"$log" 2>&1
        say "another mail server is installed and stays: Exim is only unpacked into build/deps"
    fi
    ;;
esac

enabled_now >"$work/enabled-before"
place_policy
# shellcheck disable=SC2086
apt install --no-install-recommends --no-remove $missing || give_up "apt-get could not install:$missing"
say "done"
