//! `orbctl config`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{self, Path, PathBuf},
};

use clap::Subcommand;
use toml_edit::{DocumentMut, Item, Table, value};

use super::running::{self, Reload};
use crate::{
    cli::Global,
    config::{self, Context, Environment},
    failure::{Failure, Kind, note},
    output::{Cell, Column, Grid, Printer},
};

/// Shows and changes the contexts: named daemons in the configuration file; and the configuration of a daemon
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(flatten)]
    OfContexts(OfContexts),
    /// Lists the settings of a daemon that are in force, without secrets
    Show,
    Reload(Reload),
}

/// What is about the configuration file of orbctl, and asks no daemon.
#[derive(Debug, Subcommand)]
enum OfContexts {
    /// Lists the contexts
    GetContexts,
    /// Shows the name of the context that is used unless another is asked for
    CurrentContext,
    /// Chooses the context that is used unless another is asked for
    UseContext(Name),
    SetContext(SetContext),
    /// Removes a context; the files that it names stay
    DeleteContext(Name),
}

#[derive(clap::Args, Debug)]
struct Name {
    /// The name of the context
    name: String,
}

/// Makes or changes a context, with --endpoint, --token-file and what is below
///
/// What is not given stays as it is. The first context becomes the current one. A token is
/// never in the configuration, only in a file that it names.
#[derive(clap::Args, Debug)]
struct SetContext {
    /// The name of the context
    name: String,
    /// The certificate authority of the daemon's certificate, in PEM; with https
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The certificate of this client, in PEM; where the daemon wants one
    #[arg(long, value_name = "FILE")]
    certificate_file: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.action {
        Action::Show => running::show(global).await,
        Action::Reload(args) => running::reload(global, args).await,
        Action::OfContexts(action) => of_contexts(global, action),
    }
}

fn of_contexts(global: &Global, action: OfContexts) -> Result<(), Failure> {
    let path = global.config.clone().or_else(|| Environment::read().user_file);
    let path = path.ok_or_else(|| Failure::usage("there is no home folder: give --config FILE"))?;
    let mut document = Document::read(path)?;
    match action {
        OfContexts::GetContexts => return list(global, &document),
        OfContexts::CurrentContext => return show_current(global, &document),
        OfContexts::UseContext(Name { name }) => {
            document.known(&name)?;
            document.set_current(&name);
        }
        OfContexts::SetContext(set) => document.set(global, &set)?,
        OfContexts::DeleteContext(Name { name }) => document.delete(&name)?,
    }
    document.write()
}

/// A configuration file that is changed in place: comments and order stay.
struct Document {
    path: PathBuf,
    content: DocumentMut,
    file: config::File,
}

impl Document {
    /// Reads a file; one that is missing is empty.
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(config::cannot_read("configuration file", &path, &error)),
        };
        let file = config::parse(&text, &path)?;
        let content = text.parse().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        Ok(Self { path, content, file })
    }

    fn known(&self, name: &str) -> Result<&Context, Failure> {
        let found = self.file.contexts.get(name);
        found.ok_or_else(|| config::unknown_context(name, &self.path, &self.file))
    }

    fn set_current(&mut self, name: &str) {
        self.content["current"] = value(name);
    }

    fn set(&mut self, global: &Global, set: &SetContext) -> Result<(), Failure> {
        let is_new = !self.file.contexts.contains_key(&set.name);
        if is_new && global.endpoint.is_none() {
            return Err(Failure::usage(format!("a new context needs --endpoint URL: {:?}", set.name)));
        }
        if is_new && self.file.contexts.is_empty() {
            self.set_current(&set.name);
        }
        let contexts = self.content.entry("contexts").or_insert_with(implicit);
        let contexts = contexts.as_table_like_mut().expect("it was read as a table");
        let context = contexts.entry(&set.name).or_insert(Item::Table(Table::new()));
        if let Some(endpoint) = &global.endpoint {
            context["endpoint"] = value(endpoint);
        }
        let files = [
            ("token_file", &global.token_file),
            ("ca_file", &set.ca_file),
            ("certificate_file", &set.certificate_file),
            ("key_file", &set.key_file),
        ];
        for (key, file) in files {
            if let Some(file) = file {
                context[key] = value(absolute(file)?);
            }
        }
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), Failure> {
        self.known(name)?;
        if let Some(contexts) = self.content["contexts"].as_table_like_mut() {
            contexts.remove(name);
        }
        if self.file.current.as_deref() == Some(name) {
            self.content.remove("current");
            note("that was the current context: choose another by `orbctl config use-context NAME`");
        }
        Ok(())
    }

    /// Replaces the file; whoever reads finds the old or the new one, never half of one.
    fn write(&self) -> Result<(), Failure> {
        let text = self.content.to_string();
        // What cannot be read back is not written.
        config::parse(&text, &self.path)?;
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        let written = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut file = File::create(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)
        });
        let failed = |error| Failure::new(Kind::Local, format!("cannot write {}: {error}", self.path.display()));
        written.map_err(failed)
    }
}

/// A table that is only there for the tables in it.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// A path of the command line means the same wherever the configuration is.
fn absolute(file: &Path) -> Result<String, Failure> {
    let whole = path::absolute(file).ok().and_then(|path| path.into_os_string().into_string().ok());
    whole.ok_or_else(|| Failure::usage(format!("{} is no path that can be written down", file.display())))
}

fn list(global: &Global, document: &Document) -> Result<(), Failure> {
    let current = document.file.current.as_deref();
    let rows = document.file.contexts.iter().map(|(name, context)| Row {
        name: name.clone(),
        is_current: current == Some(name),
        context: context.clone(),
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        note(&format!("no contexts in {}", document.path.display()));
    }
    Ok(Printer::new(global.output, global.colour).rows(&Grid::of(COLUMNS, &rows))?)
}

fn show_current(global: &Global, document: &Document) -> Result<(), Failure> {
    let Some(name) = &document.file.current else {
        let place = document.path.display();
        return Err(Failure::new(Kind::NotFound, format!("{place} has no current context"))
            .with_hint("choose one by `orbctl config use-context NAME`"));
    };
    let row = Row { name: name.clone(), is_current: true, context: document.known(name)?.clone() };
    Ok(Printer::new(global.output, global.colour).rows(&Grid::of(COLUMNS, [&row]))?)
}

/// A context with its name.
struct Row {
    name: String,
    is_current: bool,
    context: Context,
}

const COLUMNS: &[Column<Row>] = &[
    Column::text("name", |r| Cell::text(&r.name)),
    Column::text("current", |r| Cell::Flag(r.is_current)),
    Column::text("endpoint", |r| Cell::text(&r.context.endpoint)),
    Column::text("token_file", |r| file(r.context.token_file.as_ref())),
    Column::text("ca_file", |r| file(r.context.ca_file.as_ref())),
    Column::text("certificate_file", |r| file(r.context.certificate_file.as_ref())),
    Column::text("key_file", |r| file(r.context.key_file.as_ref())),
];

fn file(path: Option<&PathBuf>) -> Cell {
    path.map_or(Cell::Absent, |path| Cell::text(&path.to_string_lossy()))
}
