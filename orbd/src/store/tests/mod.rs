//! One suite for both databases.

mod backup;
mod bars;
pub(crate) mod cluster;
mod crash;
mod facts;
mod leases;
mod lists;
mod logs;
mod open;
mod plans;
mod proxy;
mod reports;
mod restart;
mod samples;
mod trouble;
mod verify;

use diesel::connection::SimpleConnection as _;
use tempfile::TempDir;

use super::connect::{Purpose, connect};
use super::*;
use crate::view::Environment;
use cluster::Cluster;

/// Holds an empty database that ends with this value.
struct Database {
    url: DatabaseUrl,
    _folder: Option<TempDir>,
}

impl Database {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { url: DatabaseUrl::sqlite(folder.path().join("orb.db")), _folder: Some(folder) }
    }

    fn postgres(cluster: &Cluster) -> Self {
        Self { url: DatabaseUrl::parse(&cluster.database()).expect("an address"), _folder: None }
    }

    fn writer(&self) -> Writer {
        Writer::open(&self.url, ledger(), samples::names()).expect("a writer")
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.url, &ledger()).expect("a reader")
    }

    /// Changes the database behind the store's back.
    fn tamper(&self, statement: &str) {
        connect(&self.url, Purpose::Write).expect("a connection").batch_execute(statement).expect(statement);
    }
}

fn ledger() -> Ledger {
    Ledger::new(Environment::Sim, "SIM-1")
}

macro_rules! suite {
    ($($module:ident::$case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                super::$module::$case(&super::Database::sqlite());
            })+
        }

        /// One test, so that all cases share the cluster and it ends with them.
        #[test]
        fn postgres() {
            let Some(cluster) = Cluster::start() else { return };
            trouble::a_commit_whose_answer_was_lost_is_known_after_a_new_connection(&Database::postgres(&cluster));
            trouble::a_lost_connection_that_the_server_still_serves_gives_the_ledger_back(&Database::postgres(&cluster));
            trouble::a_connection_that_the_server_ended_is_lost_until_there_is_a_new_one(&Database::postgres(&cluster));
            backup::no_database_is_left_on_the_server(&Database::postgres(&cluster));
            $(
                eprintln!("postgres: {}", stringify!($case));
                $module::$case(&Database::postgres(&cluster));
            )+
        }
    };
}

suite! {
    facts::every_fact_comes_back,
    facts::every_listed_value_comes_back,
    facts::a_later_fact_replaces_the_one_of_its_key,
    facts::what_was_taken_back_is_marked_and_a_trade_that_never_was_has_no_row,
    facts::a_commit_is_kept_whole_or_not_at_all,
    facts::many_rows_fit_into_one_commit,
    restart::an_empty_ledger_restores_nothing,
    restart::what_is_in_force_is_restored,
    restart::only_the_latest_session_is_restored,
    restart::a_name_that_is_gone_is_told,
    restart::a_damaged_row_is_told,
    open::a_newer_schema_is_refused_and_left_alone,
    open::an_older_schema_is_refused_for_reading,
    open::a_second_writer_is_refused,
    open::ledgers_do_not_see_each_other,
    open::migrating_twice_changes_nothing,
    open::a_reader_cannot_write,
    bars::bars_come_back_by_symbol_and_day,
    bars::a_corrected_bar_replaces_the_one_before,
    bars::a_token_of_bars_belongs_to_its_symbol_and_day,
    lists::pages_join_to_the_whole_list,
    lists::a_token_belongs_to_its_filter_and_order,
    lists::the_audit_log_is_listed_by_number,
    lists::filters_narrow_the_lists,
    lists::signals_show_what_became_of_them,
    lists::commands_are_found_by_their_request,
    lists::the_journal_is_read_in_order,
    verify::what_was_written_is_sound,
    verify::a_changed_row_is_found,
    verify::a_removed_row_is_found,
    verify::a_removed_tail_is_found,
    verify::exchanged_rows_are_found,
    verify::an_added_row_is_found,
    verify::a_list_that_tells_otherwise_is_found,
    verify::a_ledger_that_lost_its_end_is_not_written,
    verify::somebody_who_writes_in_between_is_noticed,
    verify::an_older_database_is_chained_with_its_rows,
    verify::a_migration_that_fails_half_way_leaves_the_old_schema_and_says_what_to_do,
    backup::a_backup_beside_a_writer_is_proven,
    backup::nothing_is_overwritten,
    backup::a_broken_database_gives_no_backup,
    backup::a_damaged_backup_is_refused,
    trouble::a_locked_database_is_busy_until_the_lock_ends,
    trouble::a_new_connection_goes_on_with_the_same_numbers,
    trouble::a_reader_that_is_slow_delays_no_commit,
    reports::the_comparison_of_a_day_is_kept_and_replaced,
    reports::holds_that_ended_are_listed_too,
    reports::a_day_is_found_in_the_journal,
    logs::lines_come_back,
    logs::words_are_found,
    logs::words_mean_the_same_as_without_a_database,
    logs::old_lines_are_removed_and_their_words_too,
    logs::the_oldest_lines_go_when_there_are_too_many,
    logs::logs_that_hang_delay_no_commit,
    logs::lines_that_do_not_fit_are_counted,
    logs::events_become_lines,
    crash::what_was_committed_survives_a_kill,
}
