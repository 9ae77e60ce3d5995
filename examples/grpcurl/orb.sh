#!/usr/bin/env bash
# Talks to a running orbd with grpcurl alone, through reflection: no generated code, no proto files.
#
#   examples/grpcurl/orb.sh methods             lists services and methods
#   examples/grpcurl/orb.sh status              trading state, session, day's result
#   examples/grpcurl/orb.sh positions           streams the open positions until Ctrl-C
#   examples/grpcurl/orb.sh signals             streams the session's signals until Ctrl-C
#   examples/grpcurl/orb.sh config          settings in force
#   examples/grpcurl/orb.sh limits [FRACTION] [POSITIONS]
#                                           shows the limits, or changes them (role admin)
#   examples/grpcurl/orb.sh pause [REASON]  holds entries
#   examples/grpcurl/orb.sh resume          lets them go on
#   examples/grpcurl/orb.sh close SYMBOL    closes one position
#   examples/grpcurl/orb.sh close-all       closes every position
#   examples/grpcurl/orb.sh cancel ORDER    cancels one working entry
#   examples/grpcurl/orb.sh cancel-all      cancels every working entry
#   examples/grpcurl/orb.sh kill [REASON]   stops all entries; protective stops stay
#   examples/grpcurl/orb.sh flatten [REASON]
#                                           the same, and closes every position
#   examples/grpcurl/orb.sh release REASON  lets entries go on
#   examples/grpcurl/orb.sh logs [WORDS]    the last log lines with these words
#   examples/grpcurl/orb.sh export          the closed trades as CSV
#
# grpcurl is a program of its own (https://github.com/fullstorydev/grpcurl) that not every package source has; where it
# cannot be had, examples/python does the same.
#
# ORB_ENDPOINT (http://HOST:PORT) and ORB_TOKEN_FILE say which daemon; without them it is the demo on this machine,
# which leaves both in its orbctl.toml. ORB_GRPCURL names another grpcurl.
set -euo pipefail

die() {
    echo "orb.sh: $*" >&2
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
    config) call ControlService/GetConfig ;;
    limits)
        if [ -z "${2:-}${3:-}" ]; then
            call ControlService/GetRiskLimits
        else
            positions=${3:+", \"max_positions\": $3"}
            call ControlService/SetRiskLimits "{$(request_id), \"daily_loss_fraction\": $(quoted "${2:-}")$positions}"
        fi
        ;;
    pause) call ControlService/PauseEntries "{$(request_id), \"reason\": $(quoted "${2:-}")}" ;;
    resume) call ControlService/ResumeEntries "{$(request_id)}" ;;
    close-all) call ControlService/CloseAllPositions "{$(request_id)}" ;;
    cancel)
        [ -n "${2:-}" ] || die "cancel what? give the order's id"
        call ControlService/CancelOrder "{$(request_id), \"client_order_id\": $(quoted "$2")}"
        ;;
    cancel-all) call ControlService/CancelAllOrders "{$(request_id)}" ;;
    logs) call LogService/ListLogs "{\"page_size\": 20, \"search\": $(quoted "${2:-}")}" ;;
    export) call HistoryService/ExportTrades | sed -n 's/^ *"data": "\(.*\)".*/\1/p' | while read -r piece; do base64 -d <<<"$piece"; done ;;
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
