#!/usr/bin/env bash
# Talks to a running orbd with grpcurl alone, through reflection: no generated code, no proto files.
#
#   examples/grpcurl.sh methods             lists services and methods
#   examples/grpcurl.sh status              trading state, session, day's result
#   examples/grpcurl.sh positions           streams the open positions until Ctrl-C
#   examples/grpcurl.sh signals             streams the session's signals until Ctrl-C
#   examples/grpcurl.sh kill [REASON]       stops all entries; protective stops stay
#   examples/grpcurl.sh flatten [REASON]    the same, and closes every position
#   examples/grpcurl.sh release REASON      lets entries go on
#   examples/grpcurl.sh close SYMBOL        closes one position
#
# ORB_ENDPOINT (http://HOST:PORT) and ORB_TOKEN_FILE say which daemon; without them it is the demo on this machine,
# which leaves both in its orbctl.toml. ORB_GRPCURL names another grpcurl.
set -euo pipefail

die() {
    echo "grpcurl.sh: $*" >&2
    exit 2
}

demo=${XDG_STATE_HOME:-$HOME/.local/state}/orb/demo/orbctl.toml

# Prints the first value of a key in the demo's file; nothing when there is none.
from_demo() {
    [ -r "$demo" ] || return 0
    sed -n -E "s/^ *$1 *= *\"([^\"]*)\".*/\1/p" "$demo" | head -n 1
}

endpoint=${ORB_ENDPOINT:-$(from_demo endpoint)}
token_file=${ORB_TOKEN_FILE:-$(from_demo token_file)}
[ -n "$endpoint" ] || die "no daemon is named: start \`orbd demo\`, or set ORB_ENDPOINT and ORB_TOKEN_FILE"
[ -n "$token_file" ] || die "no token file is named: set ORB_TOKEN_FILE"
case $token_file in
    /*) ;;
    *) [ -n "${ORB_TOKEN_FILE:-}" ] || token_file=$(dirname "$demo")/$token_file ;;
esac
[ -r "$token_file" ] || die "cannot read the token file $token_file"

# grpcurl itself puts the token into the header: it is never an argument, which every user could read.
ORB_TOKEN=$(<"$token_file")
export ORB_TOKEN

transport=(-plaintext)
case $endpoint in https://*) transport=() ;; esac
grpcurl=("${ORB_GRPCURL:-grpcurl}" "${transport[@]}")

call() {
    local method=$1 request=${2:-'{}'}
    # shellcheck disable=SC2016 # grpcurl expands the variable, not the shell.
    "${grpcurl[@]}" -expand-headers -H 'authorization: Bearer ${ORB_TOKEN}' -emit-defaults -d "$request" \
        "${endpoint#*://}" "orb.v1.$method"
}

# Quotes a text for JSON.
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | tr '[:cntrl:]' ' ' | sed 's/[\\"]/\\&/g')"
}

# Every command carries an id of its own; sent again with the same id it is not carried out again.
request_id() {
    printf '"request_id": "%s"' "$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)"
}

kill_switch() {
    local action=$1 flatten=$2 reason=$3
    call ControlService/SetKillSwitch \
        "{$(request_id), \"action\": \"KILL_SWITCH_ACTION_$action\", \"flatten\": $flatten, \"reason\": $(quoted "$reason")}"
}

case ${1:-} in
    methods)
        for service in Control Portfolio Signal History Log; do
            "${grpcurl[@]}" "${endpoint#*://}" list "orb.v1.${service}Service"
        done
        ;;
    status) call ControlService/GetStatus ;;
    positions) call PortfolioService/StreamPositions ;;
    signals) call SignalService/StreamSignals ;;
    kill) kill_switch ENGAGE false "${2:-}" ;;
    flatten) kill_switch ENGAGE true "${2:-}" ;;
    release)
        [ -n "${2:-}" ] || die "a release needs a reason"
        kill_switch RELEASE false "$2"
        ;;
    close)
        [ -n "${2:-}" ] || die "close what? give a symbol"
        call ControlService/ClosePosition "{$(request_id), \"symbol\": $(quoted "$2")}"
        ;;
    *) die "unknown command \"${1:-}\": the first lines of this file list them" ;;
esac
