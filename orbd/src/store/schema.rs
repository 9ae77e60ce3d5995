//! The tables, with one meaning in both databases: see `migrations/`.

diesel::table! {
    ledgers (ledger_id) {
        ledger_id -> Text,
        environment -> Text,
        account_id -> Text,
        created_at -> BigInt,
        journal_rows -> BigInt,
        journal_head -> Binary,
        audit_rows -> BigInt,
        audit_head -> Binary,
    }
}

diesel::table! {
    sessions (ledger_id, date) {
        ledger_id -> Text,
        date -> Text,
        open_at -> BigInt,
        close_at -> BigInt,
        equity_open -> BigInt,
        realized_net -> BigInt,
        fees -> BigInt,
        ended -> Bool,
        transfers_open -> Nullable<BigInt>,
        ordinal -> BigInt,
    }
}

diesel::table! {
    signals (ledger_id, attempt) {
        ledger_id -> Text,
        attempt -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        attempt_number -> BigInt,
        side -> Text,
        at -> BigInt,
        level -> BigInt,
        stop -> BigInt,
        quantity -> BigInt,
        status -> Text,
        reason -> Nullable<Text>,
        detail -> Text,
        client_order_id -> Nullable<Text>,
        broker_order_id -> Nullable<Text>,
        submitted_at -> Nullable<BigInt>,
        filled_at -> Nullable<BigInt>,
        fill_price -> Nullable<BigInt>,
        score_e6 -> Nullable<BigInt>,
        ordinal -> BigInt,
    }
}

diesel::table! {
    orders (ledger_id, client_order_id) {
        ledger_id -> Text,
        client_order_id -> Text,
        broker_order_id -> Nullable<Text>,
        parent -> Nullable<Text>,
        attempt -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        attempt_number -> BigInt,
        role -> Text,
        side -> Text,
        quantity -> BigInt,
        kind -> Text,
        price -> Nullable<BigInt>,
        status -> Text,
        filled -> BigInt,
        filled_notional -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        reject_kind -> Nullable<Text>,
        reject_code -> Nullable<BigInt>,
        reject_message -> Nullable<Text>,
        reject_related -> Nullable<Text>,
        reject_available -> Nullable<BigInt>,
        ordinal -> BigInt,
    }
}

diesel::table! {
    fills (ledger_id, execution_id) {
        ledger_id -> Text,
        execution_id -> Text,
        attempt -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        attempt_number -> BigInt,
        client_order_id -> Text,
        side -> Text,
        price -> BigInt,
        quantity -> BigInt,
        fee -> BigInt,
        at -> BigInt,
        at_data_end -> Bool,
        taken_back_at -> Nullable<BigInt>,
        ordinal -> BigInt,
    }
}

diesel::table! {
    trades (ledger_id, attempt) {
        ledger_id -> Text,
        attempt -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        attempt_number -> BigInt,
        status -> Text,
        side -> Text,
        entered -> BigInt,
        exited -> BigInt,
        entry_time -> BigInt,
        exit_time -> Nullable<BigInt>,
        entry_notional -> BigInt,
        exit_notional -> BigInt,
        fees -> BigInt,
        stop -> BigInt,
        target -> Nullable<BigInt>,
        exit_reason -> Nullable<Text>,
        unprotected -> BigInt,
    }
}

diesel::table! {
    decisions (ledger_id, date, symbol, strategy) {
        ledger_id -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        reason -> Text,
        detail -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    explanations (ledger_id, date, symbol, strategy) {
        ledger_id -> Text,
        date -> Text,
        strategy -> Text,
        symbol -> Text,
        record -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    alarms (ledger_id, id) {
        ledger_id -> Text,
        id -> BigInt,
        kind -> Text,
        symbol -> Nullable<Text>,
        text -> Text,
        since -> BigInt,
        acknowledged_by -> Nullable<Text>,
        acknowledged_reason -> Nullable<Text>,
        acknowledged_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    bars (ledger_id, date, symbol, at) {
        ledger_id -> Text,
        date -> Text,
        symbol -> Text,
        at -> BigInt,
        length -> BigInt,
        open -> BigInt,
        high -> BigInt,
        low -> BigInt,
        close -> BigInt,
        volume -> BigInt,
    }
}

diesel::table! {
    order_steps (ledger_id, client_order_id, step) {
        ledger_id -> Text,
        client_order_id -> Text,
        step -> Text,
        date -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    holds (ledger_id, kind, since) {
        ledger_id -> Text,
        kind -> Text,
        since -> BigInt,
        reason -> Text,
        actor -> Text,
        cleared_by -> Nullable<Text>,
        cleared_reason -> Nullable<Text>,
        cleared_at -> Nullable<BigInt>,
        ordinal -> BigInt,
    }
}

diesel::table! {
    closings (ledger_id, symbol, since) {
        ledger_id -> Text,
        symbol -> Text,
        since -> BigInt,
        attempt -> Text,
        date -> Text,
        strategy -> Text,
        attempt_number -> BigInt,
        reason -> Text,
        step -> Text,
    }
}

diesel::table! {
    limits (ledger_id) {
        ledger_id -> Text,
        daily_loss_e6 -> BigInt,
        max_positions -> BigInt,
        next_daily_loss_e6 -> Nullable<BigInt>,
        next_max_positions -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    strategy_stops (ledger_id, date, strategy) {
        ledger_id -> Text,
        date -> Text,
        strategy -> Text,
        reason -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    commands (ledger_id, request_id) {
        ledger_id -> Text,
        request_id -> Text,
        actor -> Text,
        command -> Text,
        reason -> Text,
        result -> Text,
        accepted -> Bool,
        at -> BigInt,
    }
}

diesel::table! {
    audit_log (ledger_id, number) {
        ledger_id -> Text,
        number -> BigInt,
        request_id -> Text,
        actor -> Text,
        command -> Text,
        reason -> Text,
        result -> Text,
        accepted -> Bool,
        at -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    equity_points (ledger_id, at) {
        ledger_id -> Text,
        at -> BigInt,
        equity -> BigInt,
        realized -> BigInt,
        unrealized -> BigInt,
    }
}

diesel::table! {
    journal (ledger_id, first_sequence) {
        ledger_id -> Text,
        first_sequence -> BigInt,
        last_sequence -> BigInt,
        last_effect -> BigInt,
        date -> Nullable<Text>,
        at -> BigInt,
        bytes -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    parity_reports (ledger_id, date) {
        ledger_id -> Text,
        date -> Text,
        trades -> BigInt,
        missed -> BigInt,
        extra -> BigInt,
        unexplained -> BigInt,
        net -> BigInt,
        net_pessimistic -> BigInt,
        net_optimistic -> BigInt,
        slippage -> BigInt,
        document -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    logs (id) {
        id -> BigInt,
        at -> BigInt,
        engine_at -> Nullable<BigInt>,
        severity -> Text,
        component -> Text,
        message -> Text,
        fields -> Text,
        ledger_id -> Nullable<Text>,
        strategy -> Nullable<Text>,
        search -> Text,
    }
}
