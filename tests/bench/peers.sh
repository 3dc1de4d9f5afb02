#!/bin/sh
# The programs that `make bench` measures beside usher, kept in build/bench and nowhere else.
#
#   tests/bench/peers.sh install          fetches what is missing; fast when all is there
#   tests/bench/peers.sh sink PORT [PIDFILE]   Postfix's smtp-sink on loopback, in the foreground: takes mail, throws it away,
#                                              and writes "sess=N quit=N mesg=N" to standard output as it goes
#   tests/bench/peers.sh source PORT COUNT    Postfix's smtp-source: COUNT mails of 2.6 KB on four connections
#   tests/bench/peers.sh node SCRIPT ARGS…    a script of this folder with the peers' Node.js packages
#
# Postfix is unpacked, never installed: no service, no conflict with the mail server that is there. Versions of the
# Node.js packages are fixed, so that figures of two days compare.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bench=${BENCH:-$(dirname "$(dirname "$here")")/build/bench}
postfix=$bench/postfix
NODE_PACKAGES='nodemailer@10.6.0 better-sqlite3@12.11.1 liquidjs@10.30.1 mailparser@3.7.2 imapflow@1.0.187'

say() { printf 'peers: %s\n' "$*" >&2; }

# Runs a program of the unpacked Postfix with the libraries that came with it.
with_postfix() {
    program=$1
    shift
    if [ ! -x "$postfix/usr/sbin/$program" ]; then
        say "$program is not there; run tests/bench/peers.sh install"
        exit 69
    fi
    LD_LIBRARY_PATH=$postfix/usr/lib/postfix exec "$postfix/usr/sbin/$program" "$@"
}

install_postfix() {
    [ -x "$postfix/usr/sbin/smtp-sink" ] && return
    say "fetching Postfix (smtp-sink, smtp-source)"
    rm -rf "$postfix"
    mkdir -p "$postfix"
    # apt's own unprivileged user may not reach this folder; it says so and goes on as us.
    (cd "$postfix" && apt-get -qq download postfix 2>"$bench/postfix.log") || {
        cat "$bench/postfix.log" >&2
        say "could not fetch the package postfix (apt-get update first?)"
        return 1
    }
    dpkg-deb -x "$postfix"/postfix_*.deb "$postfix"
    rm -f "$postfix"/postfix_*.deb
}

# Each package by itself: one that cannot be had leaves the others to be measured.
install_node_packages() {
    if ! command -v npm >/dev/null 2>&1; then
        say "npm is not installed; run tools/install-deps.sh bench"
        return 1
    fi
    missing=0
    [ -e "$bench/package.json" ] || printf '{"private": true}\n' >"$bench/package.json"
    for package in $NODE_PACKAGES; do
        version=${package#*@}
        there=$(sed -n 's/^ *"version": "\(.*\)",\{0,1\}$/\1/p' "$bench/node_modules/${package%@*}/package.json" \
            2>/dev/null | head -n 1)
        [ "$there" = "$version" ] && continue
        say "fetching $package"
        if ! (cd "$bench" && npm install --no-audit --no-fund "$package" >"$bench/npm.log" 2>&1); then
            tail -n 5 "$bench/npm.log" >&2
            say "could not fetch $package; its rows are left out"
            missing=1
        fi
    done
    return $missing
}

case "${1-}" in
install)
    mkdir -p "$bench"
    status=0
    install_postfix || status=1
    install_node_packages || status=1
    exit $status
    ;;
sink)
    [ -z "${3-}" ] || echo $$ >"$3"
    # As root it wants to be told whom to become.
    if [ "$(id -u)" -eq 0 ]; then
        with_postfix smtp-sink -c -u nobody "127.0.0.1:$2" 1000
    fi
    with_postfix smtp-sink -c "127.0.0.1:$2" 1000
    ;;
source)
    with_postfix smtp-source -s 4 -m "$3" -l 2600 -f ana@ourco.example -t lee@acme.example "127.0.0.1:$2"
    ;;
node)
    script=$2
    shift 2
    NODE_PATH=$bench/node_modules exec node "$here/$script" "$@"
    ;;
*)
    say 'one of: install, sink PORT [PIDFILE], source PORT COUNT, node SCRIPT ARGS'
    exit 64
    ;;
esac
