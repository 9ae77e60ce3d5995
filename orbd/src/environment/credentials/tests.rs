use std::fs;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

const PAPER: Environment = Environment::Paper;

/// Looks in variables and in files of mode 0600, each `NAME=VALUE`.
fn look(environment: Environment, variables: &[&str], files: &[&str]) -> Result<[String; 2], String> {
    look_for(environment, Names::All, variables, files)
}

fn look_for(environment: Environment, names: Names, variables: &[&str], files: &[&str]) -> Result<[String; 2], String> {
    let folder = folder(files);
    let found = sources(&folder, variables).find(environment, names);
    let shown = format!("{found:?}");
    let found = found.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""));
    // Every value of these tests that must not be shown has this word.
    let error = found.as_ref().err().cloned().unwrap_or_default();
    assert!(!shown.contains("hunter2") && !error.contains("hunter2"), "{shown} {error}");
    found.map(|found| [found.key_id, found.secret].map(|half| half.expose_secret().to_owned()))
}

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in files {
        let (name, value) = file.split_once('=').expect("NAME=VALUE");
        let path = folder.path().join(name);
        fs::write(&path, value).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("restricted");
    }
    folder
}

fn sources(folder: &TempDir, variables: &[&str]) -> Sources<impl Fn(&str) -> Option<OsString>> {
    let known: Vec<_> = variables.iter().filter_map(|text| text.split_once('=')).collect();
    let known: Vec<(String, OsString)> =
        known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let variable = move |name: &str| known.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Sources { folder: Some(folder.path().to_owned()), variable }
}

#[track_caller]
fn found(environment: Environment, variables: &[&str], files: &[&str], expect: [&str; 2]) {
    let found = look(environment, variables, files).expect("credentials");
    assert_eq!(found, expect);
}

#[track_caller]
fn refused(environment: Environment, variables: &[&str], files: &[&str], message: &str) {
    let error = look(environment, variables, files).expect_err("refused");
    assert!(error.contains(message), "{error}");
}

const VARIABLES: [&str; 2] = ["ORB_PAPER_KEY_ID=V1", "ORB_PAPER_SECRET=hunter2-V2"];
const GENERAL: [&str; 2] = ["APCA_API_KEY_ID=A1", "APCA_API_SECRET_KEY=hunter2-A2"];

#[test]
fn the_first_place_in_the_order_counts() {
    let own = ["orb-paper-key-id= F1\n", "orb-paper-secret=hunter2-F2\n"];
    let any = ["orb-key-id=G1", "orb-secret=hunter2-G2"];
    let variables = [VARIABLES, GENERAL].concat();
    found(PAPER, &variables, &[own, any].concat(), ["F1", "hunter2-F2"]);
    found(PAPER, &variables, &any, ["G1", "hunter2-G2"]);
    found(PAPER, &variables, &[], ["V1", "hunter2-V2"]);
    found(PAPER, &GENERAL, &[], ["A1", "hunter2-A2"]);
    found(Environment::Live, &GENERAL, &[], ["A1", "hunter2-A2"]);
    found(Environment::Live, &variables, &any, ["G1", "hunter2-G2"]);
}

#[test]
fn a_simulator_needs_none_and_takes_those_of_no_other() {
    let sim = Environment::Sim;
    found(sim, &[VARIABLES, GENERAL].concat(), &[], ["sim", "sim"]);
    found(sim, &["ORB_SIM_KEY_ID=S1", "ORB_SIM_SECRET=hunter2-S2"], &[], ["S1", "hunter2-S2"]);
}

#[test]
fn missing_ones_are_asked_for() {
    refused(
        PAPER,
        &[],
        &[],
        "no credentials for paper: give the systemd credentials orb-paper-key-id and orb-paper-secret, or set ORB_PAPER_KEY_ID and ORB_PAPER_SECRET",
    );
    let live = ["ORB_LIVE_KEY_ID=L1", "ORB_LIVE_SECRET=hunter2"];
    refused(PAPER, &live, &[], "no credentials for paper");
    let without = Sources { folder: None, variable: |_: &str| None };
    assert!(matches!(without.find(PAPER, Names::All), Err(CredentialsError::Missing { environment: "paper" })));
}

#[test]
fn variables_that_name_no_environment_are_refused_where_two_have_keys() {
    let live = ["ORB_LIVE_KEY_ID=L1"];
    refused(PAPER, &[&GENERAL[..], &live].concat(), &[], "do not say whether they are for paper or live, and live has");
    refused(PAPER, &GENERAL, &["orb-live-secret=hunter2"], "set ORB_PAPER_KEY_ID and ORB_PAPER_SECRET for paper");
    refused(Environment::Live, &[&GENERAL[..], &VARIABLES].concat(), &[], "paper has credentials too");
}

#[test]
fn half_a_pair_is_not_filled_up_from_elsewhere() {
    let message = "ORB_PAPER_KEY_ID is given and ORB_PAPER_SECRET is not";
    refused(PAPER, &["ORB_PAPER_KEY_ID=hunter2", GENERAL[0], GENERAL[1]], &[], message);
    refused(PAPER, &["ORB_PAPER_SECRET=hunter2"], &[], "ORB_PAPER_SECRET is given and ORB_PAPER_KEY_ID is not");
    refused(PAPER, &VARIABLES, &["orb-secret=hunter2"], "/orb-secret is given and /orb-key-id is not");
    refused(PAPER, &["APCA_API_KEY_ID=hunter2"], &[], "APCA_API_SECRET_KEY is not");
}

#[test]
fn values_that_are_no_keys() {
    refused(PAPER, &["ORB_PAPER_KEY_ID= ", VARIABLES[1]], &[], "ORB_PAPER_KEY_ID is empty");
    refused(PAPER, &["ORB_PAPER_KEY_ID=hunter2 x", VARIABLES[1]], &[], "ORB_PAPER_KEY_ID is no half of a key");
    refused(PAPER, &["ORB_PAPER_KEY_ID=hunter2\u{e9}", VARIABLES[1]], &[], "ORB_PAPER_KEY_ID is no half of a key");
    refused(PAPER, &[], &["orb-paper-key-id=\n", "orb-paper-secret=x"], "/orb-paper-key-id is empty");
    refused(PAPER, &[], &["orb-paper-key-id=hunter2\nx", "orb-paper-secret=x"], "copy it again, alone on one line");
    let long = format!("orb-paper-key-id={}", "hunter2".repeat(1000));
    refused(PAPER, &[], &[&long, "orb-paper-secret=x"], "more than 4096 bytes");
}

#[test]
fn files_that_cannot_be_trusted_or_read() {
    let folder = folder(&["orb-paper-key-id=F1", "orb-paper-secret=hunter2"]);
    let find = || sources(&folder, &[]).find(PAPER, Names::All).expect_err("refused").to_string();
    let secret = folder.path().join("orb-paper-secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("opened to all");
    let error = find();
    assert!(error.contains("orb-paper-secret can be read by every user") && error.contains("mode 644"), "{error}");
    fs::remove_file(&secret).expect("removed");
    fs::DirBuilder::new().create(&secret).expect("a folder in its place");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).expect("restricted");
    let error = find();
    assert!(error.contains("cannot read ") && error.contains("check its owner and mode"), "{error}");
    fs::remove_dir(&secret).expect("removed");
    fs::write(&secret, [0xff, 0xfe]).expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("restricted");
    assert!(find().contains("no half of a key"));
}

#[test]
fn nothing_shows_a_value() {
    let found = sources(&folder(&[]), &VARIABLES).find(PAPER, Names::All).expect("credentials");
    for shown in [format!("{found:?}"), format!("{:?} {:?}", found.key_id, found.secret)] {
        assert!(!shown.contains("hunter2") && !shown.contains("V1"), "{shown}");
    }
}

#[test]
fn names_without_an_environment_are_for_the_configured_one_alone() {
    let any = ["orb-key-id=G1", "orb-secret=hunter2-G2"];
    for (variables, files) in [(&GENERAL[..], &[][..]), (&[], &any)] {
        assert!(look_for(PAPER, Names::All, variables, files).is_ok());
        let error = look_for(PAPER, Names::Own, variables, files).expect_err("of another environment");
        assert!(error.contains("there are no credentials for paper"), "{error}");
    }
    let own = look_for(PAPER, Names::Own, &VARIABLES, &any).expect("its own");
    assert_eq!(own, ["V1", "hunter2-V2"]);
}

/// Finds the secret `url` of the channel `desk`.
fn one(files: &[&str], variable: Option<&str>) -> Option<String> {
    let folder = folder_of_channels(files);
    let (file, name) = ("orb-notify-desk-url", "ORB_NOTIFY_DESK_URL");
    let found = find_one(Some(folder.path()), file, name, variable.map(OsString::from)).expect("nothing is wrong");
    found.map(|found| found.expose_secret().to_owned())
}

/// Makes a folder as systemd's credentials, with one inside it for channels.
fn folder_of_channels(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("orb-notify")).expect("a folder");
    for (name, value) in files.iter().filter_map(|file| file.split_once('=')) {
        let path = folder.path().join(name);
        fs::write(&path, value).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("restricted");
    }
    folder
}

#[test]
fn the_secret_of_a_channel_is_a_credential_or_in_the_folder_of_all_channels() {
    assert_eq!(one(&[], None), None);
    assert_eq!(one(&["orb-notify-desk-url=own"], None).as_deref(), Some("own"));
    // As systemd names what it took from a folder.
    assert_eq!(one(&["orb-notify_desk-url=taken"], None).as_deref(), Some("taken"));
    // As a person checks it before.
    assert_eq!(one(&["orb-notify/desk-url=kept"], None).as_deref(), Some("kept"));
    let all = ["orb-notify-desk-url=own", "orb-notify_desk-url=taken", "orb-notify/desk-url=kept"];
    assert_eq!(one(&all, Some("variable")).as_deref(), Some("own"));
    assert_eq!(one(&all[1..], Some("variable")).as_deref(), Some("taken"));
    assert_eq!(one(&[], Some("variable")).as_deref(), Some("variable"));
    assert_eq!(one(&["orb-notify_deskurl=other", "orb-notify_post-url=other"], None), None);
}

#[test]
fn the_folder_of_all_channels_is_looked_into_as_closely_as_every_other_place() {
    let folder = folder_of_channels(&["orb-notify/desk-url=hunter2"]);
    let path = folder.path().join("orb-notify/desk-url");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opened");
    let error = find_one(Some(folder.path()), "orb-notify-desk-url", "X", None).expect_err("everybody reads it");
    assert!(error.to_string().contains("chmod 600") && !error.to_string().contains("hunter2"), "{error}");
    // Only channels have such a folder.
    fs::create_dir(folder.path().join("orb-paper")).expect("a folder");
    fs::write(folder.path().join("orb-paper/secret"), "hunter2").expect("written");
    let found = find_one(Some(folder.path()), "orb-paper-secret", "X", None).expect("nothing");
    assert!(found.is_none());
}
