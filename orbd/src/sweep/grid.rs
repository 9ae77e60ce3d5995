//! A grid file: what is kept, what is varied, what is looked for.

use std::path::{Path, PathBuf};

use orb_backtest::FillModel;
use orb_backtest::sweep::{Axes, Objective, WalkForward, Window};
use orb_core::config::KEYS;
use orb_core::{Date, RunConfig};
use toml::de::DeTable;

use super::axis_values::{self, LinedAxis};
use super::document::{Document, Entry, plain};
use super::grid_error::{COMBINATIONS_MAX, GridError, GridProblem};
use crate::commands::SettingArgs;

/// Says how combinations are chosen from the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// All of them.
    Grid,
    /// So many of them, each at most once, drawn by a seed.
    Random {
        /// Combinations to draw.
        samples: u64,
        /// Seed of the draw.
        seed: u64,
    },
}

/// Holds a value with its line in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lined<T> {
    /// The value.
    pub value: T,
    /// Line, from 1.
    pub line: usize,
}

/// Holds a grid file, checked as far as that is possible without bars.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The file.
    pub path: PathBuf,
    /// Bars to trade, where the file names them.
    pub bars: Vec<PathBuf>,
    /// Bars for features only, where the file names them.
    pub warmup: Vec<PathBuf>,
    /// First date to trade.
    pub from: Option<Lined<Date>>,
    /// Last date to trade.
    pub to: Option<Lined<Date>>,
    /// The base with the fixed settings.
    pub base: RunConfig,
    /// Line of each fixed setting.
    pub fixed: Vec<(String, Lined<String>)>,
    /// The axes.
    pub axes: Axes,
    /// Lines of the axes' values.
    pub axis_lines: Vec<Vec<usize>>,
    /// How combinations are chosen.
    pub search: Search,
    /// What is looked for.
    pub objective: Objective,
    /// The fill model whose figure counts.
    pub fill_model: FillModel,
    /// Windows to learn and to be judged on.
    pub walk_forward: Option<Lined<WalkForward>>,
}

/// Keys of a grid file with their meaning, for the help.
pub const GRID_KEYS: &[(&str, &str)] = &[
    ("preset", "strategy to start from [default: orb-classic]"),
    ("config", "configuration file to start from; a relative path starts at the grid's folder"),
    ("bars, warmup", "paths as for --bars and --warmup, which override them"),
    ("from, to", "first and last date to trade; --from and --to override them"),
    ("objective", "what is looked for: sharpe (default) and others, below"),
    ("fill_model", "whose figure counts: pessimistic (default) or optimistic"),
    ("search", "grid (default): every combination; random: some of them"),
    ("samples, seed", "of a random search: how many combinations, and the seed that draws them"),
    ("[fixed]", "settings that all combinations share: KEY = VALUE"),
    ("[axes]", "settings to vary: KEY = [VALUES], or KEY = { from = 1, to = 4, step = 0.5 }"),
    ("[walk_forward]", "train_sessions, test_sessions, step [default: test_sessions], window = rolling or anchored"),
];

const TOP: &[&str] = &[
    "preset",
    "config",
    "bars",
    "warmup",
    "from",
    "to",
    "objective",
    "fill_model",
    "search",
    "samples",
    "seed",
    "fixed",
    "axes",
    "walk_forward",
];

impl Grid {
    /// Reads and checks a grid file.
    ///
    /// # Errors
    /// Names the line at fault and the remedy.
    pub fn read(path: &Path) -> Result<Self, GridError> {
        let text = std::fs::read_to_string(path).map_err(|source| GridError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Checks the text of a grid file; relative paths in it start at the file's folder.
    ///
    /// # Errors
    /// Names the line at fault and the remedy.
    pub fn parse(path: &Path, text: &str) -> Result<Self, GridError> {
        let document = Document::new(path, text);
        let root = document.parse()?;
        Reader { document, path }.grid(root.get_ref())
    }

    /// Returns how many combinations are searched.
    #[must_use]
    pub const fn combinations(&self) -> u64 {
        match self.search {
            Search::Grid => self.axes.count(),
            Search::Random { samples, .. } => samples,
        }
    }

    /// Makes an error of a line of this file.
    #[must_use]
    pub fn error(&self, line: usize, problem: GridProblem) -> GridError {
        GridError::File { path: self.path.clone(), line, problem: Box::new(problem) }
    }
}

/// Turns entries of a file into a grid.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    document: Document<'a>,
    path: &'a Path,
}

impl<'a> Reader<'a> {
    fn grid(&self, root: &'a DeTable<'a>) -> Result<Grid, GridError> {
        let entries = self.document.entries(root);
        if let Some(stray) = entries.iter().find(|entry| !TOP.contains(&entry.key)) {
            return Err(self.document.error(stray.line, unknown(stray.key, TOP)));
        }
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        let mut base = self.base(find("preset"), find("config"))?;
        let fixed = self.fixed(find("fixed"), &mut base)?;
        let axes_entry = find("axes").ok_or_else(|| self.document.error(1, GridProblem::NoAxes))?;
        let lined = axis_values::read(self.document, axes_entry, &base)?;
        self.check_apart(&fixed, &lined)?;
        let axis_lines = lined.iter().map(|axis| axis.lines.clone()).collect();
        let axes = Axes::new(lined.into_iter().map(|axis| axis.axis).collect())
            .map_err(|error| self.document.error(axes_entry.line, error.into()))?;
        let search = self.search(&find, &axes, axes_entry.line)?;
        let paths = |key| find(key).map_or(Ok(Vec::new()), |entry| self.paths(entry));
        let date = |key| find(key).map(|entry| self.date(entry)).transpose();
        let (from, to) = (date("from")?, date("to")?);
        if let (Some(from), Some(to)) = (from, to)
            && from.value > to.value
        {
            let problem = GridProblem::Backwards { from: from.value, to: to.value };
            return Err(self.document.error(from.line, problem));
        }
        Ok(Grid {
            path: self.path.to_owned(),
            bars: paths("bars")?,
            warmup: paths("warmup")?,
            from,
            to,
            base,
            fixed,
            axes,
            axis_lines,
            search,
            objective: find("objective").map_or(Ok(Objective::default()), |entry| self.objective(entry))?,
            fill_model: find("fill_model").map_or(Ok(FillModel::Pessimistic), |entry| self.fill_model(entry))?,
            walk_forward: find("walk_forward").map(|entry| self.walk_forward(entry)).transpose()?,
        })
    }

    fn base(&self, preset: Option<&Entry<'a>>, config: Option<&Entry<'a>>) -> Result<RunConfig, GridError> {
        let line = config.or(preset).map_or(1, |entry| entry.line);
        let path = config.map(|entry| self.document.string(entry)).transpose()?;
        let preset = preset.map(|entry| self.document.string(entry)).transpose()?;
        let base = SettingArgs {
            config: path.map(|path| self.beside(path)),
            preset: preset.map(ToOwned::to_owned),
            ..SettingArgs::default()
        };
        base.resolve().map_err(|error| self.document.error(line, error.into()))
    }

    /// Returns where a path of the file leads: a relative one starts at the file's folder.
    fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or_else(|| Path::new("")).join(path)
    }

    fn paths(&self, entry: &Entry<'a>) -> Result<Vec<PathBuf>, GridError> {
        Ok(self.document.strings(entry)?.into_iter().map(|path| self.beside(path)).collect())
    }

    fn date(&self, entry: &Entry<'a>) -> Result<Lined<Date>, GridError> {
        Ok(Lined { value: self.document.read(entry, "a date, as in 2026-03-02")?, line: entry.line })
    }

    fn fixed(
        &self,
        entry: Option<&Entry<'a>>,
        base: &mut RunConfig,
    ) -> Result<Vec<(String, Lined<String>)>, GridError> {
        let Some(entry) = entry else { return Ok(Vec::new()) };
        let mut fixed = Vec::new();
        for (key, entry) in axis_values::flat(self.document, entry, &[])? {
            let value = plain(entry.value.get_ref());
            base.set(&key, &value).map_err(|error| self.document.error(entry.line, error.into()))?;
            fixed.push((key, Lined { value, line: entry.line }));
        }
        Ok(fixed)
    }

    fn check_apart(&self, fixed: &[(String, Lined<String>)], axes: &[LinedAxis]) -> Result<(), GridError> {
        let both = axes.iter().find(|axis| fixed.iter().any(|(key, _)| *key == axis.axis.key));
        both.map_or(Ok(()), |axis| {
            Err(self.document.error(axis.line, GridProblem::FixedAndVaried(axis.axis.key.clone())))
        })
    }

    fn search<'f>(
        &self,
        find: &impl Fn(&str) -> Option<&'f Entry<'a>>,
        axes: &Axes,
        axes_line: usize,
    ) -> Result<Search, GridError>
    where
        'a: 'f,
    {
        let kind = find("search").map(|entry| self.document.string(entry).map(|text| (text, entry))).transpose()?;
        match kind {
            None | Some(("grid", _)) => {
                let stray = ["samples", "seed"].into_iter().find_map(|key| Some((key, find(key)?)));
                if let Some((key, entry)) = stray {
                    return Err(self.document.error(entry.line, GridProblem::OnlyRandom(key)));
                }
                let count = axes.count();
                let fits = count <= COMBINATIONS_MAX;
                let too_many = || self.document.error(axes_line, GridProblem::TooMany { count });
                fits.then_some(Search::Grid).ok_or_else(too_many)
            }
            Some(("random", entry)) => {
                let needs = |key| move || self.document.error(entry.line, GridProblem::RandomNeeds(key));
                let samples_entry = find("samples").ok_or_else(needs("samples"))?;
                let seed_entry = find("seed").ok_or_else(needs("seed"))?;
                let samples: u64 = self.document.read(samples_entry, "a whole number")?;
                let most = axes.count().min(COMBINATIONS_MAX);
                if !(1..=most).contains(&samples) {
                    return Err(self.document.error(samples_entry.line, GridProblem::Samples { samples, most }));
                }
                Ok(Search::Random { samples, seed: self.document.read(seed_entry, "a whole number from 0")? })
            }
            Some((_, entry)) => Err(self.document.misfit(entry, "\"grid\" or \"random\"")),
        }
    }

    fn objective(&self, entry: &Entry<'a>) -> Result<Objective, GridError> {
        self.document
            .string(entry)?
            .parse()
            .map_err(|error| self.document.error(entry.line, GridProblem::Objective(error)))
    }

    fn fill_model(&self, entry: &Entry<'a>) -> Result<FillModel, GridError> {
        let models = [FillModel::Pessimistic, FillModel::Optimistic];
        let text = self.document.string(entry)?;
        let found = models.into_iter().find(|model| model.name() == text);
        found.ok_or_else(|| self.document.misfit(entry, "\"pessimistic\" or \"optimistic\""))
    }

    fn walk_forward(&self, entry: &Entry<'a>) -> Result<Lined<WalkForward>, GridError> {
        const KEYS: &[&str] = &["train_sessions", "test_sessions", "step", "window"];
        let entries = self.document.entries(self.document.table(entry)?);
        if let Some(stray) = entries.iter().find(|entry| !KEYS.contains(&entry.key)) {
            return Err(self.document.error(stray.line, unknown(stray.key, KEYS)));
        }
        let find = |key: &str| entries.iter().find(|entry| entry.key == key);
        let count = |entry: &Entry<'a>| self.document.read::<usize>(entry, "a whole number of sessions");
        let needed = |key: &'static str| {
            find(key).ok_or_else(|| self.document.error(entry.line, GridProblem::WalkForwardNeeds(key)))
        };
        let train_sessions = count(needed("train_sessions")?)?;
        let test_sessions = count(needed("test_sessions")?)?;
        let step = find("step").map_or(Ok(test_sessions), count)?;
        let window = match find("window").map(|entry| (self.document.string(entry), entry)) {
            None | Some((Ok("rolling"), _)) => Window::Rolling,
            Some((Ok("anchored"), _)) => Window::Anchored,
            Some((_, entry)) => return Err(self.document.misfit(entry, "\"rolling\" or \"anchored\"")),
        };
        let value = WalkForward { train_sessions, test_sessions, step, window };
        value.validate().map_err(|error| self.document.error(entry.line, error.into()))?;
        Ok(Lined { value, line: entry.line })
    }
}

fn unknown(key: &str, known: &[&'static str]) -> GridProblem {
    if KEYS.iter().any(|setting| setting.name == key) && known == TOP {
        return GridProblem::Misplaced(key.to_owned());
    }
    let nearest = known.iter().copied().min_by_key(|near| strsim::damerau_levenshtein(near, key));
    let suggestion = nearest.filter(|near| strsim::damerau_levenshtein(near, key) <= 3);
    GridProblem::UnknownKey { key: key.to_owned(), suggestion }
}
