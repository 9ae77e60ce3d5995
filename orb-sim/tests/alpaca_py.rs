//! alpaca-py, unchanged, is satisfied.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use orb_core::Span;
use orb_data::synthetic::SyntheticOptions;
use orb_sim::market::MarketSource;
use orb_sim::{Server, SimConfig, Speed};

/// Names the variable that makes the test fail where it would be skipped.
const REQUIRED: &str = "ORB_REQUIRE_ALPACA_PY";

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alpaca_py")
}

/// Returns a Python that has alpaca-py, from an environment that is kept between runs; the reason when there is none.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alpaca-py-venv");
    let (python, requirements) = (folder.join("bin/python"), here().join("requirements.txt"));
    let stamp = folder.join("installed.txt");
    let wanted = std::fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "python3 -m venv")?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    done(Command::new(&python).args(pip).arg(&requirements), "pip install")?;
    std::fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn done(command: &mut Command, name: &str) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    let last = |output: &Output| String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or("").to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{name}: {}", last(&output))) }
}

/// Halts one symbol for a minute out of five and corrects every bar of it; two minutes later a trade is corrected, and
/// another one taken back.
fn faults() -> String {
    let moments = (9..16).flat_map(|hour| (0..60).step_by(5).map(move |minute| (hour, minute)));
    let rules = moments.map(|(hour, minute)| {
        let rule = |fault: &str, minute, second| {
            format!("[[market]]\nfault = {fault}\nsymbol = 'DRAVEK'\nat = '{hour:02}:{minute:02}:{second:02}'\n")
        };
        let corrected = rule("{ trade_corrected_cents = 3 }", minute + 2, 30);
        rule("{ halt_seconds = 60 }", minute, 0) + &corrected + &rule("'trade_canceled'", minute + 2, 45)
    });
    rules.collect::<String>() + "[[market]]\nfault = { late_shares = 100 }\nsymbol = 'DRAVEK'\n"
}

/// Returns the market of the suite, open for business.
fn config() -> SimConfig {
    let options = SyntheticOptions { symbols: 4, ..SyntheticOptions::default() };
    let mut config = SimConfig::new(MarketSource::Synthetic { seed: 7, options });
    config.lead = Span::from_seconds(1);
    config.speed = Speed::Times(60.0);
    config.faults = faults().parse().expect("a plan");
    let splits = serde_json::json!([{
        "id": "6f2b6c5e-3a0a-4a11-9f2e-0f3f4d1a7d11", "symbol": "ALDVIN", "cusip": "000000000", "new_rate": 2,
        "old_rate": 1, "process_date": "2026-02-20", "ex_date": "2026-02-20"
    }]);
    config.corporate_actions.insert("forward_splits".to_owned(), splits);
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alpaca_py_is_satisfied() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => {
            assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no alpaca-py: {reason}");
            eprintln!("SKIPPED alpaca_py_is_satisfied: no alpaca-py: {reason}");
            return;
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let running = Server::start(config(), listener).await.expect("a simulator");
    let address = running.address().to_string();
    let suite = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(python);
        command.arg(here().join("suite.py")).env("ORB_SIM_ADDRESS", address).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).output().expect("Python runs")
    });
    let output = suite.await.expect("the suite ends");
    running.stop().await;
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
