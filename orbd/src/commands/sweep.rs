//! `orbd sweep`: searches settings over recorded bars.

use std::io::{IsTerminal as _, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use orb_backtest::sweep::OBJECTIVES;
use orb_core::Date;

use crate::backtest::{self, Output, OutputError};
use crate::sweep::{self, GRID_KEYS, Grid, Plan, Ranking, Results, ResultsError, ResultsFile, Shard, Wanted, Work};

/// Try many settings over one set of bars, rank them under both fill models, and say how much may be luck.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SweepArgs {
    #[command(subcommand)]
    command: Option<SweepCommand>,
    /// What to keep, what to vary and what to look for (TOML; its keys are below)
    #[arg(long, value_name = "FILE", required = true)]
    grid: Option<PathBuf>,
    /// Bars to trade: files or folders of CSV, CSV.gz or Parquet [default: `bars` of the grid]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    bars: Vec<PathBuf>,
    /// Bars for features only (previous close, ATR14, relative volume) [default: `warmup` of the grid]
    #[arg(long, num_args = 1.., value_name = "PATH")]
    warmup: Vec<PathBuf>,
    /// First date to trade, YYYY-MM-DD [default: `from` of the grid, or the first of the bars]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last date to trade, YYYY-MM-DD [default: `to` of the grid, or the last of the bars]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Results, one JSON line for each combination; the same command continues an interrupted search
    /// [default: the grid's name with .results.jsonl]
    #[arg(long, value_name = "OUT.jsonl")]
    out: Option<PathBuf>,
    /// Run only part I of N; `orbd sweep merge` joins the parts
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Threads to run on [default: as many as the machine runs at once]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    show: ShowArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum SweepCommand {
    Merge(MergeArgs),
}

/// Join the results of all parts to those of the whole search; one whole file is only shown.
#[derive(Args, Clone, Debug)]
struct MergeArgs {
    /// Results of every part
    #[arg(required = true, value_name = "PART.jsonl")]
    parts: Vec<PathBuf>,
    /// Write the joined results here
    #[arg(long, value_name = "OUT.jsonl")]
    out: Option<PathBuf>,
    #[command(flatten)]
    show: ShowArgs,
}

/// Chooses how results are shown.
#[derive(Args, Clone, Debug)]
struct ShowArgs {
    /// Rows of the table
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
    /// Write every combination here (CSV)
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Write a page here that shows the objective over every pair of axes
    #[arg(long, value_name = "OUT.html")]
    heatmap: Option<PathBuf>,
}

/// Returns what the help says about grids.
#[must_use]
pub fn grid_help() -> String {
    let keys: Vec<_> = GRID_KEYS.iter().map(|(key, about)| format!("  {key:<18}{about}")).collect();
    let objectives: Vec<_> = OBJECTIVES.iter().map(|(name, _, about)| format!("  {name:<18}{about}")).collect();
    format!(
        "Keys of a grid (TOML):\n{}\n\nObjectives:\n{}\n\nA grid:\n  preset = \"orb-classic\"\n  [fixed]\n  \
         slippage = 0.01\n  [axes]\n  range_minutes = [5, 15]\n  target_r = {{ from = 1, to = 4, step = 0.5 }}\n",
        keys.join("\n"),
        objectives.join("\n")
    )
}

/// Runs the command and returns what is to be printed.
///
/// # Errors
/// Names the file, line, key or flag at fault; nothing has run then.
pub fn run(args: SweepArgs) -> anyhow::Result<String> {
    match args.command {
        Some(SweepCommand::Merge(args)) => merge(&args),
        None => search(args),
    }
}

fn search(args: SweepArgs) -> anyhow::Result<String> {
    let path = args.grid.unwrap_or_default();
    let grid = Grid::read(&path)?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let out = args.out.unwrap_or_else(|| path.with_extension("results.jsonl"));
    anyhow::ensure!(
        shard == Shard::WHOLE || !args.show.is_asked_for(),
        "--shard: a part has no ranking: show the joined results with `orbd sweep merge`"
    );
    let chosen = |flag: &[PathBuf], file: &[PathBuf]| if flag.is_empty() { file.to_vec() } else { flag.to_vec() };
    let bars = chosen(&args.bars, &grid.bars);
    anyhow::ensure!(!bars.is_empty(), "--bars: name the bars to trade, here or as `bars` in {}", path.display());
    let mut inputs = bars;
    inputs.extend(chosen(&args.warmup, &grid.warmup));
    inputs.push(path);
    args.show.check_outputs(&out, &inputs)?;
    let wanted = Wanted { bars: args.bars, warmup: args.warmup, from: args.from, to: args.to };
    let market = sweep::load(&grid, &wanted)?;
    let plan = Plan::new(grid, &market)?;
    let header = plan.header(&market, shard).map_err(ResultsError::Build)?;
    let mut results = ResultsFile::open(&out, &header)?;
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let work = Work { plan: &plan, market: &market, shard, threads };
    let count = work.combinations().count();
    continued(&out, &results, count);
    let progress = progress(count, results.done().len());
    work.run(&mut results, || progress.inc(1))?;
    progress.finish_and_clear();
    results.finish()?;
    if shard == Shard::WHOLE {
        return args.show.show(&out);
    }
    let file = out.display();
    Ok(format!(
        "part {shard}: {count} of {} combinations are in {file}; join all parts with `orbd sweep merge`\n",
        plan.len()
    ))
}

fn merge(args: &MergeArgs) -> anyhow::Result<String> {
    match (&args.out, args.parts.as_slice()) {
        (Some(out), parts) => {
            args.show.check_outputs(out, parts)?;
            sweep::merge(parts, out)?;
            args.show.show(out)
        }
        (None, [whole]) => {
            args.show.check_outputs(Path::new(""), core::slice::from_ref(whole))?;
            args.show.show(whole)
        }
        (None, _) => anyhow::bail!("--out: name the file for the joined results"),
    }
}

impl ShowArgs {
    const fn is_asked_for(&self) -> bool {
        self.json || self.csv.is_some() || self.heatmap.is_some()
    }

    /// Checks where the files are to go, before anything is read.
    fn check_outputs(&self, out: &Path, inputs: &[PathBuf]) -> Result<(), OutputError> {
        let named = (!out.as_os_str().is_empty()).then_some(out);
        let wanted = [("--out", named), ("--csv", self.csv.as_deref()), ("--heatmap", self.heatmap.as_deref())];
        let outputs: Vec<_> =
            wanted.into_iter().filter_map(|(flag, path)| Some(Output { flag, path: path? })).collect();
        backtest::check_outputs(&outputs, &inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())
    }

    /// Writes the files and returns what is to be printed, all of it from the file of results alone: so it is the
    /// same whatever threads, interruptions and parts made it.
    fn show(&self, results: &Path) -> anyhow::Result<String> {
        let results = Results::read(results)?;
        let ranking = Ranking::of(&results);
        let forward = sweep::walk_forward(&results)?;
        let files = [
            self.csv.as_deref().map(|path| (path, sweep::csv(&results, &ranking))),
            self.heatmap.as_deref().map(|path| (path, sweep::html(&results, &ranking))),
        ];
        backtest::save_all(&files.into_iter().flatten().collect::<Vec<_>>())?;
        Ok(if self.json {
            format!("{}\n", sweep::json(&results, &ranking, forward.as_ref()))
        } else {
            sweep::render(&results, &ranking, forward.as_ref(), self.top)
        })
    }
}

/// Says on standard error that a search goes on from an earlier one.
fn continued(out: &Path, results: &ResultsFile, count: usize) {
    let done = results.done().len();
    let torn = if results.is_repaired() { "; a torn last line was removed" } else { "" };
    if done > 0 || results.is_repaired() {
        // With standard error gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}: {done} of {count} combinations are finished{torn}", out.display());
    }
}

/// Makes the bar on standard error, hidden where that is no terminal.
fn progress(count: usize, done: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} combinations, {per_sec}, {eta} left");
    let bar = ProgressBar::new(count as u64).with_position(done as u64);
    // What was done before says nothing about the pace of now.
    bar.reset_eta();
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
