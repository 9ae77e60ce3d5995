//! `[sentry]` and `[otel]`: what tells others how orb is doing, as a configuration file says it.
//!
//! Every build knows the keys. What a build was made without is refused: whoever wrote it would wait for it in vain.

use std::ops::RangeInclusive;

use toml::de::DeTable;
use url::Url;

use super::error::{EnvironmentError, EnvironmentProblem};
use super::keys::{OTEL, SENTRY};
use super::source::Source;
use super::tables::{Entry, EnvironmentTables};
use super::urls::is_loopback;
use crate::reporting::SentryConfig;
use crate::traces::OtelConfig;

/// Events a minute; a storm of more says nothing new.
const EVENTS_PER_MINUTE: RangeInclusive<u32> = 1..=60;
/// What stands for a collector that there is not.
pub(super) const OFF: &str = "off";

const OF_SENTRY: &str =
    "give the DSN as the systemd credential orb-sentry-dsn, or as ORB_SENTRY_DSN in the environment";
const OF_OTEL: &str = "give headers such as `authorization=Bearer%20...` as the systemd credential orb-otel-headers, or \
                       as ORB_OTEL_HEADERS in the environment";

impl EnvironmentTables {
    /// Returns what is reported to Sentry.
    pub(crate) const fn reporting(&self) -> SentryConfig {
        self.sentry
    }

    /// Returns where traces go.
    pub(crate) const fn traces(&self) -> &OtelConfig {
        &self.otel
    }
}

/// Reads `[sentry]`, in a build that has it or not.
pub(super) fn sentry(
    source: Source<'_>,
    table: &DeTable<'_>,
    is_built: bool,
) -> Result<SentryConfig, EnvironmentError> {
    let mut read = SentryConfig::default();
    for (key, value) in table {
        let entry = Entry::new(source, key, value);
        match entry.key {
            "report_errors" => read.is_on = entry.switch()?.value,
            "events_per_minute" => {
                read.per_minute = entry.whole(EVENTS_PER_MINUTE, "a whole number from 1 to 60")?.value;
            }
            "dsn" => return Err(secret(&entry, OF_SENTRY)),
            _ => return Err(entry.unknown("sentry", SENTRY)),
        }
        if read.is_on && entry.key == "report_errors" && !is_built {
            return Err(not_built(&entry, "sentry"));
        }
    }
    Ok(read)
}

/// Reads `[otel]`, in a build that has it or not.
pub(super) fn otel(source: Source<'_>, table: &DeTable<'_>, is_built: bool) -> Result<OtelConfig, EnvironmentError> {
    let mut read = OtelConfig::default();
    for (key, value) in table {
        let entry = Entry::new(source, key, value);
        match entry.key {
            "endpoint" => read.endpoint = endpoint(&entry)?,
            "authority_file" => {
                let expected = "an absolute path in quotation marks, like \"/etc/orb/authority.pem\"";
                read.authority = Some(entry.path(expected)?.value);
            }
            "headers" => return Err(secret(&entry, OF_OTEL)),
            _ => return Err(entry.unknown("otel", OTEL)),
        }
        if read.endpoint.is_some() && entry.key == "endpoint" && !is_built {
            return Err(not_built(&entry, "otel"));
        }
    }
    Ok(read)
}

/// Reads the address of a collector; other machines are reached by https alone.
fn endpoint(entry: &Entry<'_>) -> Result<Option<Url>, EnvironmentError> {
    let expected = "\"off\", or a collector's address for gRPC: http on this machine, like \"http://127.0.0.1:4317\", \
                    or https";
    let text = entry.text(expected)?;
    if text == OFF {
        return Ok(None);
    }
    if text.contains('@') {
        return Err(entry.error(EnvironmentProblem::Password { key: "endpoint", remedy: OF_OTEL }));
    }
    let url = Url::parse(text).map_err(|_| entry.misfit(expected, None))?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_bare = url.host().is_some() && url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if is_safe && is_bare { Ok(Some(url)) } else { Err(entry.misfit(expected, None)) }
}

fn secret(entry: &Entry<'_>, remedy: &'static str) -> EnvironmentError {
    entry.error(EnvironmentProblem::Secret { key: entry.key.to_owned(), remedy })
}

fn not_built(entry: &Entry<'_>, feature: &'static str) -> EnvironmentError {
    entry.error(EnvironmentProblem::NotBuilt { key: entry.key.to_owned(), feature })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::environment::config::tests::{refused, resolve};

    /// Reads a table as a build with or without the feature does.
    fn read<T>(
        text: &str,
        reader: fn(Source<'_>, &DeTable<'_>, bool) -> Result<T, EnvironmentError>,
        is_built: bool,
    ) -> Result<T, String> {
        let table = DeTable::parse(text).expect("a table");
        let source = Source { path: Path::new("/orb.toml"), text };
        reader(source, table.get_ref(), is_built).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_word_nothing_is_told_to_anybody() {
        let config = resolve("");
        assert!(!config.sentry.is_on && config.otel.endpoint.is_none());
        let config = resolve("[sentry]\nreport_errors = false\nevents_per_minute = 3\n[otel]\nendpoint = \"off\"\n");
        assert_eq!((config.sentry.is_on, config.sentry.per_minute, config.otel.endpoint), (false, 3, None));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_secrets_have_another_place() {
        refused("[sentry]\nreport_errors = 1", "/orb.toml:2: `report_errors = 1`: expected true or false");
        refused("[sentry]\nevents_per_minute = 0", "expected a whole number from 1 to 60");
        refused("[sentry]\nreport_error = true", "[sentry] has no key `report_error`, did you mean `report_errors`?");
        refused("[sentry]\ndsn = \"https://hunter2@sentry.example/1\"", "/orb.toml:2: `dsn` looks like a secret");
        refused("[otel]\nheaders = \"authorization=hunter2\"", "orb-otel-headers");
        refused("[otel]\nendpoint = \"https://me:x1@collector.example\"", "/orb.toml:2: `endpoint` holds a password");
        for address in ["", "http://collector.example:4317", "127.0.0.1:4317", "https://x.example/v1/traces", "ftp://x"]
        {
            refused(&format!("[otel]\nendpoint = \"{address}\""), "expected \"off\", or a collector's address");
        }
        refused("[otel]\nauthority_file = \"a.pem\"", "expected an absolute path");
        refused("events_per_minute = 3\n", "`events_per_minute` belongs into [sentry]");
    }

    #[test]
    fn a_build_without_sentry_refuses_to_report() {
        let text = "events_per_minute = 3\nreport_errors = true";
        let error = read(text, sentry, false).expect_err("refused");
        let says = "/orb.toml:2: `report_errors` needs a build with the feature sentry";
        assert!(error.starts_with(says) && error.contains("--features sentry"), "{error}");
        assert!(read(text, sentry, true).expect("taken").is_on);
        assert!(!read("report_errors = false", sentry, false).expect("it asks for nothing").is_on);
    }

    #[test]
    fn a_build_without_traces_refuses_an_endpoint() {
        let text = "endpoint = \"http://127.0.0.1:4317\"";
        let error = read(text, otel, false).expect_err("refused");
        assert!(error.contains("cargo build --release -p orbd --features otel"), "{error}");
        assert!(read("endpoint = \"off\"", otel, false).is_ok());
        for address in ["http://127.0.0.1:4317", "http://localhost:4317", "http://[::1]:4317", "https://x.example"] {
            let config = read(&format!("endpoint = \"{address}\""), otel, true).expect(address);
            assert!(config.endpoint.is_some(), "{address}");
        }
    }
}
