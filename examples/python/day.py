"""A whole day's control of a running orbd by generated stubs; fails when a reply is not what it must be.

run.sh makes the stubs and starts this. ORB_ENDPOINT (http://HOST:PORT) and ORB_TOKEN_FILE say which daemon.
"""

import os
import pathlib
import uuid

import grpc
from orb.v1 import control_pb2 as control
from orb.v1 import control_pb2_grpc, history_pb2, history_pb2_grpc, log_pb2, log_pb2_grpc, portfolio_pb2
from orb.v1 import portfolio_pb2_grpc

DEADLINE_SECONDS = 10


def request_id() -> str:
    """Makes the id of a command: sent again with the same id, it is not carried out again."""
    return str(uuid.uuid4())


def metadata() -> list[tuple[str, str]]:
    token = pathlib.Path(os.environ["ORB_TOKEN_FILE"]).read_text(encoding="ascii").strip()
    return [("authorization", f"Bearer {token}")]


def check(is_so: bool, what: str) -> None:
    print(f"{'ok' if is_so else 'FAILED'}: {what}", flush=True)
    if not is_so:
        raise SystemExit(1)


def day(channel: grpc.Channel) -> None:
    orb = control_pb2_grpc.ControlServiceStub(channel)
    call = {"metadata": metadata(), "timeout": DEADLINE_SECONDS}

    status = orb.GetStatus(control.GetStatusRequest(), **call)
    check(status.ledger.id != "", f"status: {control.TradingState.Name(status.state)} in {status.ledger.id}")

    stream = portfolio_pb2_grpc.PortfolioServiceStub(channel).StreamPositions(
        portfolio_pb2.StreamPositionsRequest(), metadata=metadata()
    )
    check(next(stream).WhichOneof("event") == "snapshot", "a stream begins with a snapshot")
    stream.cancel()

    pause = control.PauseEntriesRequest(request_id=request_id(), reason="a script")
    held = orb.PauseEntries(pause, **call).holds
    check(any(hold.kind == control.HOLD_KIND_OPERATOR_PAUSE for hold in held), "paused")
    check(orb.PauseEntries(pause, **call).replayed, "the same command again is not carried out again")
    resumed = orb.ResumeEntries(control.ResumeEntriesRequest(request_id=request_id()), **call)
    check(control.HOLD_KIND_OPERATOR_PAUSE in resumed.cleared, "resumed")

    limits = orb.GetRiskLimits(control.GetRiskLimitsRequest(), **call)
    fewer = max(1, limits.in_force.max_positions - 1)
    limits = orb.SetRiskLimits(control.SetRiskLimitsRequest(request_id=request_id(), max_positions=fewer), **call)
    check(limits.in_force.max_positions == fewer, f"tightened to {fewer} positions at once")

    cancelled = orb.CancelAllOrders(control.CancelAllOrdersRequest(request_id=request_id()), **call)
    check(cancelled.complete, f"{len(cancelled.cancelled_orders)} entries cancelled")
    closed = orb.CloseAllPositions(control.CloseAllPositionsRequest(request_id=request_id()), **call)
    check(closed.ledger.id != "", f"{len(closed.closed_positions)} positions closed")

    engage = control.SetKillSwitchRequest(
        request_id=request_id(), action=control.KILL_SWITCH_ACTION_ENGAGE, flatten=True, reason="a script"
    )
    check(orb.SetKillSwitch(engage, **call).state == control.TRADING_STATE_HALTED, "killed, and flat")
    release = control.SetKillSwitchRequest(
        request_id=request_id(), action=control.KILL_SWITCH_ACTION_RELEASE, reason="a script"
    )
    check(orb.SetKillSwitch(release, **call).state != control.TRADING_STATE_HALTED, "released")

    logs = log_pb2_grpc.LogServiceStub(channel)
    lines = logs.ListLogs(log_pb2.ListLogsRequest(page_size=5), **call)
    check(len(lines.entries) > 0, "log lines")
    trades = history_pb2_grpc.HistoryServiceStub(channel).ExportTrades(history_pb2.ExportTradesRequest(), **call)
    text = b"".join(piece.data for piece in trades).decode()
    check(text.startswith("strategy,symbol,date"), f"{len(text.splitlines()) - 1} trades exported")


def main() -> None:
    endpoint = os.environ["ORB_ENDPOINT"].removeprefix("http://").rstrip("/")
    with grpc.insecure_channel(endpoint) as channel:
        day(channel)


if __name__ == "__main__":
    main()
