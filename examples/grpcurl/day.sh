#!/usr/bin/env bash
# A whole day's control of a running orbd by grpcurl alone; fails when a reply is not what it must be.
#
#   orbd demo --speed 600 &
#   examples/grpcurl/day.sh
#
# ORB_ENDPOINT, ORB_TOKEN_FILE and ORB_GRPCURL as in orb.sh.
set -euo pipefail
orb=$(dirname "$0")/orb.sh

# Runs a command and shows its reply; the reply must contain a text.
must() {
    local text=$1 reply
    shift
    echo "== $*"
    reply=$("$orb" "$@")
    echo "$reply"
    grep -qF -- "$text" <<<"$reply" || { echo "day.sh: the reply to \"$*\" has no \"$text\"" >&2; exit 1; }
}

# The same for what is written a moment after it happened: asked for again, thirty times at most.
must_soon() {
    local text=$1 tries=0
    shift
    until "$orb" "$@" | grep -F -- "$text" >/dev/null || [ "$tries" -ge 30 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    must "$text" "$@"
}

must 'orb.v1.ControlService.SetKillSwitch' methods
must '"dayPnl"' status
echo "== positions, for three seconds"
timeout 3 "$orb" positions >/dev/null || [ $? = 124 ]
must '"max_positions"' config
must 'HOLD_KIND_OPERATOR_PAUSE' pause "a script"
must '"cleared"' resume
must '"ceiling"' limits
must '"inForce"' limits 0.04 4
must '"complete"' cancel-all
must '"remainingPositions"' close-all
must 'TRADING_STATE_HALTED' flatten "a script"
must '"state"' release "a script"
# The log is stored behind the commands, so that it cannot delay them.
must_soon 'SetKillSwitch' logs SetKillSwitch
must 'strategy,symbol,date' export
echo "the day is done"
