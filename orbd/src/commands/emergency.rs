//! What the commands share that act without an engine.

use orb_exec::alpaca::Emergency;

use crate::environment::EnvironmentConfig;
use crate::run::SIMULATOR_REQUESTS;

/// Makes the client of a broker with this process' own copy of the credentials.
pub(super) fn broker(environment: &EnvironmentConfig) -> anyhow::Result<Emergency> {
    let mut config = environment.alpaca(environment.credentials()?);
    if environment.is_simulated {
        // A simulator counts its own minutes, which may be short.
        config.limits.per_minute = config.limits.per_minute.max(SIMULATOR_REQUESTS);
    }
    Ok(Emergency::new(&config)?)
}

/// Makes the threads of a command that does one thing.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
