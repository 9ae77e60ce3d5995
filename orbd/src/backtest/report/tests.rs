//! The page as a browser sees it.

use std::sync::Arc;

use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use orb_backtest::FillModel;
use orb_core::RunConfig;
use orb_core::config::preset;
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};

use super::{PageSource, report_html};
use crate::backtest::{Market, RunOptions, Selection, run_both};
use crate::progress::Progress;

/// Makes the page of a made-up market.
fn page(name: &str, command: &str, settings: &[(&str, &str)]) -> String {
    let calendar = Arc::new(orb_data::nyse_calendar(2026, 2026));
    let options = SyntheticOptions { sessions: 3, ..SyntheticOptions::default() };
    let loaded = SyntheticMarket::new(1, options).generate(&calendar).expect("a market");
    let mut run = RunConfig::of(preset("orb-classic").expect("a preset"));
    run.strategies[0].symbols.clear();
    settings.iter().for_each(|(key, value)| run.set(key, value).expect("a setting"));
    let market = Market::new(loaded, calendar, &Selection::default(), &mut run).expect("bars");
    let reports = run_both(&market, &run, RunOptions { progress: &Progress::hidden(), explained: None });
    // A checked configuration has a tame name; the page must not rely on it.
    name.clone_into(&mut run.strategies[0].name);
    let source = PageSource { market: &market, run: &run, reports: &reports, shown: FillModel::Pessimistic, command };
    report_html(source).expect("a page")
}

/// Parses as a browser does; any fault of the markup fails.
#[track_caller]
fn parsed(page: &str) -> RcDom {
    let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(page);
    assert!(dom.errors.borrow().is_empty(), "{:?}", dom.errors.borrow());
    dom
}

/// Holds the name, the attributes and the own text of an element.
type Element = (String, Vec<(String, String)>, String);

/// Returns every element.
fn elements(dom: &RcDom) -> Vec<Element> {
    let mut found = Vec::new();
    let mut open: Vec<Handle> = vec![dom.document.clone()];
    while let Some(node) = open.pop() {
        let children = node.children.borrow();
        if let NodeData::Element { name, attrs, .. } = &node.data {
            let attribute =
                |attribute: &html5ever::Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
            let text = children.iter().filter_map(|child| match &child.data {
                NodeData::Text { contents } => Some(contents.borrow().to_string()),
                NodeData::Document
                | NodeData::Doctype { .. }
                | NodeData::Comment { .. }
                | NodeData::Element { .. }
                | NodeData::ProcessingInstruction { .. } => None,
            });
            let attributes = attrs.borrow().iter().map(attribute).collect();
            found.push((name.local.to_string(), attributes, text.collect()));
        }
        open.extend(children.iter().cloned());
    }
    found
}

#[test]
fn a_browser_reads_the_page_without_a_fault() {
    let page = page("orb-classic", "orbd backtest", &[]);
    let elements = elements(&parsed(&page));
    let count = |name: &str| elements.iter().filter(|element| element.0 == name).count();
    assert!(count("svg") > 10 && count("table") > 8, "{} charts, {} tables", count("svg"), count("table"));
    let ids: Vec<&str> =
        elements.iter().flat_map(|e| &e.1).filter(|(name, _)| name == "id").map(|(_, id)| id.as_str()).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an id is given twice");
}

#[test]
fn nothing_is_loaded_and_nothing_foreign_runs() {
    let page = page("orb-classic", "orbd backtest", &[]);
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("url(h") && !page.contains("@import")
    );
    let elements = elements(&parsed(&page));
    for (name, attributes, _) in &elements {
        assert!(!["link", "img", "iframe", "object", "embed", "base", "form"].contains(&name.as_str()), "{name}");
        for (attribute, value) in attributes {
            assert!(attribute != "src" && attribute != "style" && !attribute.starts_with("on"), "{name} {attribute}");
            assert!(attribute != "href" || value.starts_with('#'), "{name} {value}");
        }
    }
    let policy = elements.iter().flat_map(|e| &e.1).find(|(_, value)| value.starts_with("default-src"));
    let (_, policy) = policy.expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn hostile_names_and_commands_stay_text() {
    let name = "</title><script>alert(1)</script>\"'&";
    let command = "orbd backtest --bars '</code><img src=x onerror=alert(2)>'";
    let page = page(name, command, &[]);
    let elements = elements(&parsed(&page));
    assert_eq!(
        elements.iter().filter(|element| element.0 == "script").count(),
        2,
        "the page's script and its readings"
    );
    assert!(elements.iter().all(|element| element.0 != "img"));
    let text = |name: &str| elements.iter().filter(|e| e.0 == name).map(|e| e.2.as_str()).collect::<Vec<_>>();
    assert!(text("h1").contains(&name));
    assert!(text("code").contains(&command));
}

#[test]
fn both_models_warnings_and_everything_to_repeat_the_run_are_there() {
    let page = page("orb-classic", "orbd backtest --bars x --report y.html", &[("slippage", "0.0123")]);
    for part in [
        "Pessimistic",
        "Optimistic",
        "95% bootstrap interval",
        "carry no conclusion",
        "Nothing is promised",
        "borrowed",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    for part in ["orbd backtest --bars x --report y.html", "slippage", "0.0123", "Fingerprint", "range_no_first_bar"] {
        assert!(page.contains(part), "{part} is missing");
    }
}

#[test]
fn a_run_without_a_trade_has_a_page() {
    let page = page("orb-classic", "orbd backtest", &[("stop_distance_min", "5000")]);
    parsed(&page);
    assert!(page.contains("There was no trade.") && page.contains("the equity stood still"));
    assert!(page.contains("stop_too_close") && !page.contains("NaN\"") && !page.contains("NaN "));
}

#[test]
fn the_same_run_has_the_same_page() {
    let [one, again] = [(), ()].map(|()| page("orb-classic", "orbd backtest", &[]));
    assert_eq!(one, again);
}
