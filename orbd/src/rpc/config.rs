//! `GetConfig`: the configuration in force, without secrets.

use orb_api::v1;

use super::convert;
use crate::view::{SettingView, View};

/// Lists every setting by its key.
pub(super) fn get(view: &View) -> v1::GetConfigResponse {
    v1::GetConfigResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        name: view.config.name.clone(),
        entries: view.config.settings.iter().map(entry).collect(),
        build: Some(v1::Build { version: view.build.version.clone(), revision: view.build.revision.clone() }),
    }
}

fn entry(setting: &SettingView) -> v1::ConfigEntry {
    let SettingView { key, value, is_default } = setting.clone();
    v1::ConfigEntry { key, value, is_default }
}
