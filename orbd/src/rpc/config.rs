//! `GetConfig`: the configuration in force, without secrets.

use orb_api::v1;

use super::{Handle, convert};
use crate::reload::{Counting, counting};
use crate::view::SettingView;

/// Lists every setting by its key.
pub(super) fn get(handle: &Handle) -> v1::GetConfigResponse {
    let (view, loaded) = (handle.current(), handle.config.get());
    v1::GetConfigResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        name: view.config.name.clone(),
        entries: loaded.settings.iter().map(entry).collect(),
        build: Some(v1::Build { version: view.build.version.clone(), revision: view.build.revision.clone() }),
        fingerprint: loaded.fingerprint(),
        load_time: loaded.at.map(convert::instant),
    }
}

fn entry(setting: &SettingView) -> v1::ConfigEntry {
    let SettingView { key, value, is_default } = setting.clone();
    let effect = match counting(&key) {
        Counting::Reload => v1::ConfigEffect::Reload,
        Counting::Command { .. } => v1::ConfigEffect::Command,
        Counting::Start { .. } => v1::ConfigEffect::Start,
    };
    v1::ConfigEntry { key, value, is_default, effect: effect.into() }
}
