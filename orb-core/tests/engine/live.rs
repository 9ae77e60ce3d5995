//! At a market whose prices come one by one: triggers, limits, exits that move, orders that hang.

use crate::script::check_with;

/// A range of 99 to 101 whose long entry was triggered by a trade at 101.02.
const TRIGGERED: &str = "
    range A
    print A 101
    print A 101.02
    > submit A-1e buy 99 limit 101.28 attached
";

#[track_caller]
fn check(script: &str) {
    check_with("orb-classic live", script);
}

#[track_caller]
fn triggered(script: &str) {
    check(&format!("{TRIGGERED}{script}"));
}

/// Entries rest at the broker: 99 shares at 101.01.
#[track_caller]
fn resting(script: &str) {
    check_with(
        "orb-classic live direction=candle slot_policy=ranked entry_mode=resting_stop",
        &format!(
            "bar A 09:30 100 101 99 100.5
             wait 0.2
             > query bars B C D E F
             bars none
             > submit A-1e buy 99 stop 101.01
             > query bars A
             submitted A-1e
             working A-1e
             {script}"
        ),
    );
}

#[test]
fn a_trade_at_the_level_triggers_a_limit_order_with_its_exits_once() {
    triggered(
        "print A 101.50
         submitted A-1e
         print A 99
         print A 98.90
         = slots 1
         = signal A WORKING",
    );
}

#[test]
fn an_entry_whose_exits_the_market_has_passed_is_anchored_once_anew_on_the_next_price() {
    triggered(
        "submitted A-1e refused beyond-market
         = slots 0
         wait 1
         print A 102.02
         > submit A-2e buy 99 limit 102.28 attached
         = slots 1
         submitted A-2e refused beyond-market
         > alarm A
         > decide A rejected_by_broker
         print A 102.05
         print A 102.06
         = slots 0",
    );
}

#[test]
fn an_entry_that_was_refused_is_given_up_without_a_price_or_a_breakout() {
    triggered("submitted A-1e refused beyond-market\nwait 2\n> decide A rejected_by_broker\nprint A 102.02");
    triggered("submitted A-1e refused beyond-market\nprint A 101\n> decide A rejected_by_broker\nprint A 102.02");
    triggered(
        "submitted A-1e refused beyond-market
         pause
         > hold operator_pause
         print A 102.02
         > decide A hold",
    );
    triggered("submitted A-1e refused other\n> alarm A\n> decide A rejected_by_broker\nprint A 102.02");
}

#[test]
fn a_resting_entry_whose_level_was_passed_is_sent_as_a_limit_order() {
    check_with(
        "orb-classic live direction=candle slot_policy=ranked entry_mode=resting_stop",
        "bar A 09:30 100 101 99 100.5
         wait 0.2
         > query bars B C D E F
         bars none
         > submit A-1e buy 99 stop 101.01
         > query bars A
         submitted A-1e refused beyond-market
         print A 101.20
         > submit A-2e buy 99 limit 101.46 attached",
    );
}

#[test]
fn a_trade_before_the_range_is_settled_or_after_the_window_triggers_nothing() {
    check("print A 200\nrange A\nat 15:35\nprint A 200");
    check("range A\npause\n> hold operator_pause\nprint A 101.02\n> decide A hold\nprint A 101.02");
}

#[test]
fn a_bar_triggers_where_no_trade_was_heard_of_at_the_price_that_it_closed_at() {
    check("range A\nlong A\n> submit A-1e buy 99 limit 101.27 attached");
}

#[test]
fn an_entry_that_its_limit_left_behind_is_cancelled_and_is_missed() {
    triggered(
        "submitted A-1e
         wait 2
         > find A-1e
         found A-1e
         wait 7.9
         wait 0.1
         > cancel A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A missed_breakout
         cancelled A-1es
         cancelled A-1et
         = slots 0
         = desk A none",
    );
}

#[test]
fn exits_move_to_where_the_executed_price_puts_them() {
    // The target was sent as 2R from the limit: 101.28 + 2 x 2.28. Filled at 101.02 it belongs at 105.06.
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         held A-1es
         moved A-1et
         = protected A 99
         working A-1et
         wait 60
         fill A-1et 99 105.06
         > trade A long 99 101.02 > 105.06 target",
    );
}

#[test]
fn an_exit_that_cannot_be_moved_is_tried_again_and_not_for_ever() {
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         moved A-1et refused other
         > query snapshot
         wait 2
         > replace A-1et 105.06
         moved A-1et unknown
         > query snapshot
         wait 2
         > replace A-1et 105.06
         moved A-1et refused other
         > query snapshot
         wait 2
         > alarm A
         = protected A 99
         wait 10
         > alarm A
         wait 20
         > alarm A
         stands A-1et 105.06
         wait 600
         = alarms ",
    );
}

/// A position whose exits stand right, until the stop is found elsewhere and cannot be moved back: at 95 or nearer.
fn displaced(stands: &str, then: &str) {
    triggered(&format!(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         held A-1es
         moved A-1et
         working A-1et
         silently stands A-1es {stands}
         snapshot
         > alarm A
         > replace A-1es 99
         moved A-1es refused other
         > query snapshot
         wait 2
         > replace A-1es 99
         moved A-1es unknown
         > query snapshot
         wait 2
         > replace A-1es 99
         moved A-1es refused other
         > query snapshot
         wait 2
         > alarm A
         {then}"
    ));
}

#[test]
fn a_stop_that_risks_more_and_cannot_be_moved_is_placed_anew() {
    displaced(
        "95",
        "> cancel A-1es
         = alarms exit_misplaced A
         cancel A-1es done
         cancelled A-1es
         > submit A-1t1 sell 99 limit 105.06 paired 99
         cancelled A-1et
         = alarms ",
    );
}

#[test]
fn a_stop_that_risks_more_and_cannot_be_ended_is_told_and_ended_again() {
    displaced(
        "95",
        "> cancel A-1es
         cancel A-1es refused other
         > find A-1es
         found A-1es
         wait 10
         > alarm A
         > cancel A-1es",
    );
}

#[test]
fn a_stop_that_is_nearer_and_cannot_be_moved_stays_and_is_told() {
    displaced("99.50", "= protected A 99\n= alarms exit_misplaced A\nwait 10\n> alarm A\nwait 19");
}

#[test]
fn an_exit_that_cannot_be_moved_does_not_keep_the_other_from_its_place() {
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         held A-1es
         moved A-1et refused other
         > query snapshot
         wait 2
         > replace A-1et 105.06
         moved A-1et refused other
         > query snapshot
         wait 2
         > replace A-1et 105.06
         moved A-1et refused other
         > query snapshot
         wait 2
         > alarm A
         silently stands A-1es 95
         snapshot
         > alarm A
         > replace A-1es 99
         moved A-1es
         = protected A 99",
    );
}

#[test]
fn an_exit_that_stands_elsewhere_at_the_broker_is_told_and_moved_back() {
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         held A-1es
         moved A-1et
         working A-1et
         silently stands A-1es 95
         snapshot
         > alarm A
         > replace A-1es 99
         moved A-1es
         snapshot
         = protected A 99
         silently stands A-1et 110
         snapshot
         > alarm A
         > replace A-1et 105.06
         moved A-1et
         snapshot
         = holds ",
    );
}

#[test]
fn a_move_of_orb_s_own_whose_answer_was_lost_is_nothing_to_tell_of() {
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         silently stands A-1et 105.06
         moved A-1et unknown
         > query snapshot
         snapshot
         = holds ",
    );
}

#[test]
fn a_moved_exit_is_known_by_the_order_whose_place_it_took() {
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         moved A-1et
         snapshot
         = holds 
         = protected A 99
         fill A-1es 99 99
         > trade A long 99 101.02 > 99 stop
         cancelled A-1et
         = desk A none",
    );
}

#[test]
fn a_resting_entry_is_protected_at_each_fill() {
    resting(
        "print A 101.01
         fill A-1e 40 101.01
         > submit A-1t1 sell 40 limit 105.03 paired 99
         submitted A-1t1
         = protected A 40
         fill A-1e 20 101.01
         > submit A-1t2 sell 20 limit 105.03 paired 99
         submitted A-1t2
         fill A-1e 20 101.01
         > submit A-1t3 sell 20 limit 105.03 paired 99
         submitted A-1t3
         fill A-1e 10 101.01
         > submit A-1t4 sell 10 limit 105.03 paired 99
         submitted A-1t4
         fill A-1e 9 101.01
         > submit A-1t5 sell 9 limit 105.03 paired 99
         submitted A-1t5
         = protected A 99
         = desk A guarding",
    );
}

#[test]
fn a_stop_that_the_rest_of_its_entry_blocks_is_placed_after_the_rest_is_cancelled() {
    resting(
        "fill A-1e 40 101.01
         > submit A-1t1 sell 40 limit 105.03 paired 99
         submitted A-1t1 refused blocked
         > cancel A-1e
         cancel A-1e done
         = protected A 0
         cancelled A-1e
         > submit A-1t2 sell 40 limit 105.03 paired 99
         submitted A-1t2
         = protected A 40",
    );
}

#[test]
fn a_stop_that_the_market_has_passed_is_a_close() {
    resting(
        "fill A-1e 99 101.01
         > submit A-1t1 sell 99 limit 105.03 paired 99
         submitted A-1t1 refused beyond-market
         > query positions
         positions
         > submit A-1x2 sell 99 market
         = desk A closing",
    );
}

#[test]
fn an_order_without_an_answer_holds_entries_until_it_is_known() {
    triggered(
        "wait 10
         > cancel A-1e
         wait 10
         > hold reconciling
         > alarm A
         > query snapshot
         = state PAUSED
         submitted A-1e
         cancel A-1e done
         cancelled A-1e
         > decide A hold
         cancelled A-1es
         cancelled A-1et
         snapshot
         > clear reconciling
         = state ACTIVE",
    );
}

#[test]
fn a_cancel_that_is_never_confirmed_holds_entries() {
    triggered(
        "submitted A-1e
         wait 2
         > find A-1e
         found A-1e
         wait 8
         > cancel A-1e
         cancel A-1e done
         wait 2
         > find A-1e
         wait 8
         > hold reconciling
         > alarm A
         > query snapshot
         wait 10
         > alarm A
         > query snapshot",
    );
}

#[test]
fn news_that_a_cancel_was_refused_is_looked_into() {
    triggered(
        "submitted A-1e
         wait 2
         > find A-1e
         found A-1e
         wait 8
         > cancel A-1e
         cancel A-1e unknown
         > find A-1e
         found A-1e
         = order A-1e WORKING",
    );
}

/// orb starts at 10:00: the bars of the range are asked for, and come.
const LATE: &str = "
    jump 10:00
    > query bars A B C D E F
    wait 20
    bars A 09:30 100 101 99 100
    > query bars A
";

#[test]
fn after_a_late_start_the_ranges_are_asked_for_and_waited_for() {
    check(&format!("{LATE}print A 101.02\n> submit A-1e buy 99 limit 101.28 attached"));
}

#[test]
fn a_level_that_was_crossed_before_a_late_start_is_missed() {
    check(&format!("{LATE}backfill A 09:40 100 102 99 100\n> decide A missed_breakout\nprint A 101.02"));
}

#[test]
fn ranges_that_nobody_tells_after_a_late_start_are_incomplete() {
    let all: String = ["A", "B", "C", "D", "E", "F"].map(|name| format!("> decide {name} range_incomplete\n")).concat();
    check(&format!("jump 10:00\n> query bars A B C D E F\nwait 29.9\nwait 0.1\n{all}"));
}

#[test]
fn a_range_that_the_history_confirms_to_a_tick_is_traded() {
    triggered("bars A 09:30 100 101.01 98.99 100\n= order A-1e PENDING_SUBMIT");
    check("range A\nbars A 09:30 100 101.01 98.99 100\nprint A 101.02\n> submit A-1e buy 99 limit 101.28 attached");
}

#[test]
fn a_range_that_the_history_tells_otherwise_is_left_alone() {
    check("range A\nbars A 09:30 100 101.02 99 100\n> decide A range_incomplete\nprint A 101.02");
    triggered(
        "submitted A-1e
         bars A 09:30 100 101 98.9 100
         > cancel A-1e",
    );
    triggered(
        "submitted A-1e
         fill A-1e 99 101.02
         > replace A-1et 105.06
         bars A 09:30 100 101 98.9 100
         = position A 99",
    );
    check("range A\nbars none\nprint A 101.02\n> submit A-1e buy 99 limit 101.28 attached");
}

#[test]
fn a_cancel_whose_confirmation_is_lost_is_looked_up() {
    // The close of a position waits for the end of its stop: the news of it never comes.
    triggered(
        "submitted A-1e
         fill A-1e 99 101.28
         held A-1es
         working A-1et
         close A
         > cancel A-1es
         cancel A-1es done
         silently cancelled A-1es
         silently cancelled A-1et
         wait 2
         > find A-1es
         found A-1es
         > cancel A-1et
         cancel A-1et unknown
         > find A-1et
         found A-1et
         > query positions
         positions
         > submit A-1x1 sell 99 market",
    );
}

#[test]
fn entries_keep_within_what_the_broker_leaves() {
    // 4 x 100,000 less half a percent, and 792 shares at 101.28 for each of the first four: 761 are left.
    check_with(
        "orb-classic live risk_fraction=0.1 daily_loss_limit=0.5",
        "range A B C D E
         print A 101.02
         > submit A-1e buy 792 limit 101.28 attached
         print B 101.02
         > submit B-1e buy 792 limit 101.28 attached
         print C 101.02
         > submit C-1e buy 792 limit 101.28 attached
         print D 101.02
         > submit D-1e buy 792 limit 101.28 attached
         print E 101.02
         > submit E-1e buy 761 limit 101.28 attached",
    );
}

/// Five places of which each would take a fifth of four times the equity: 792 shares.
const WIDE: &str = "orb-classic live risk_fraction=0.1 daily_loss_limit=0.5";

#[test]
fn an_asset_that_must_be_paid_whole_takes_four_times_its_value_of_the_buying_power() {
    // 398,000 less 792 x 101.28 x 4 leave 77,144.96: 761 shares of the next, and none of a third.
    let cut = "print B 101.02
         > submit B-1e buy 761 limit 101.28 attached
         print C 101.02
         > decide C no_buying_power";
    let entered = "print A 101.02\n> submit A-1e buy 792 limit 101.28 attached";
    check_with(WIDE, &format!("multiplier 4\nrequired A 100\nrange A B C\n{entered}\n{cut}"));
    // What becomes known while the entry works counts as well.
    check_with(WIDE, &format!("multiplier 4\nrange A B C\n{entered}\nrequired A 100\n{cut}"));
    // So does a position.
    let held = "submitted A-1e\nfill A-1e 792 101.28\nheld A-1es\nworking A-1et";
    check_with(WIDE, &format!("multiplier 4\nrequired A 100\nrange A B C\n{entered}\n{held}\n{cut}"));
}

#[test]
fn a_short_sale_takes_what_its_asset_requires_of_short_sales() {
    // 3.5% above the latest price, three times: 398,000 are 1,295 shares at 307.3329.
    check_with(
        "orb-classic live sizing=notional:200000 daily_loss_limit=0.5",
        "multiplier 4
         required A 75
         range A
         print A 98.98
         > submit A-1e sell 1295 limit 98.73 attached",
    );
}

#[test]
fn sizes_are_cut_to_the_multiple_of_the_equity_that_the_broker_allows() {
    // 2 x 100,000 less half a percent, and 792 shares at 101.28 for each of the first two: 380 are left.
    check_with(
        WIDE,
        "multiplier 2
         range A B C D
         print A 101.02
         > submit A-1e buy 792 limit 101.28 attached
         print B 101.02
         > submit B-1e buy 792 limit 101.28 attached
         print C 101.02
         > submit C-1e buy 380 limit 101.28 attached
         print D 101.02
         > decide D no_buying_power",
    );
}

#[test]
fn an_account_that_may_borrow_nothing_sells_nothing_short() {
    check(
        "multiplier 1\nrange A B\nprint A 98.98\n> decide A not_shortable\nprint B 101.02\n> submit B-1e buy 99 limit 101.28 attached",
    );
}

#[test]
fn nothing_is_sold_short_where_the_close_before_is_not_known_or_after_a_fall_of_ten_percent() {
    check("range A\nprint A 98.98\n> submit A-1e sell 99 limit 98.73 attached");
    check("blind-day 2026-02-13\nrange A\nprint A 98.98\n> decide A rule_201");
    check("print A 90\nrange A\nprint A 98.98\n> decide A rule_201");
}
