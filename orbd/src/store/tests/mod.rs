//! One suite for both databases.

mod cluster;
mod crash;
mod facts;
mod lists;
mod logs;
mod open;
mod reports;
mod restart;
mod samples;

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
    lists::pages_join_to_the_whole_list,
    lists::filters_narrow_the_lists,
    lists::signals_show_what_became_of_them,
    lists::commands_are_found_by_their_request,
    lists::the_journal_is_read_in_order,
    reports::the_comparison_of_a_day_is_kept_and_replaced,
    reports::holds_that_ended_are_listed_too,
    reports::a_day_is_found_in_the_journal,
    logs::lines_come_back,
    logs::words_are_found,
    logs::lines_that_do_not_fit_are_counted,
    logs::events_become_lines,
    crash::what_was_committed_survives_a_kill,
}
