//! The contexts in the configuration file.

use std::fs;

use tempfile::TempDir;

use crate::fake::{Fake, Mood, Run, TOKEN, finish, orbctl};

fn config(home: &TempDir, arguments: &[&str]) -> Run {
    finish(orbctl(home.path(), &[&["config"], arguments].concat()).spawn().unwrap())
}

#[track_caller]
fn done(run: &Run) {
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn contexts_are_made_chosen_shown_and_removed() {
    let home = TempDir::new().unwrap();
    done(&config(&home, &["get-contexts"]));
    done(&config(&home, &["set-context", "paper", "--endpoint", "http://127.0.0.1:1", "--token-file", "/t/paper"]));
    let live = ["set-context", "live", "--endpoint", "https://orb.example:7070", "--ca-file", "/t/ca.pem"];
    done(&config(&home, &[&live[..], &["--certificate-file", "/t/me.pem", "--key-file", "/t/me.key"]].concat()));
    let current = |expect: &str| {
        let run = config(&home, &["current-context", "--output", "json"]);
        let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((&value["name"], &value["current"]), (&expect.into(), &true.into()));
    };
    current("paper");
    done(&config(&home, &["use-context", "live"]));
    current("live");
    insta::assert_snapshot!(config(&home, &["get-contexts", "--output", "csv"]).out);
    done(&config(&home, &["set-context", "paper", "--endpoint", "unix:///run/orb/api.sock"]));
    let rows = config(&home, &["get-contexts", "--output", "csv"]).out;
    assert!(rows.contains("paper,false,unix:///run/orb/api.sock,/t/paper"), "{rows}");
    let run = config(&home, &["delete-context", "live"]);
    done(&run);
    assert!(run.err.contains("use-context"), "{run:?}");
    assert_eq!(config(&home, &["current-context"]).code, Some(5));
    assert_eq!(config(&home, &["get-contexts", "--output", "csv"]).out.lines().count(), 2);
}

#[test]
fn comments_of_the_file_stay() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("config/orb/orbctl.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "# mine\ncurrent = \"a\" # the first\n\n[contexts.a]\nendpoint = \"http://127.0.0.1:1\" # here\n";
    fs::write(&path, text).unwrap();
    done(&config(&home, &["set-context", "b", "--endpoint", "http://127.0.0.1:2"]));
    let expect = format!("{text}\n[contexts.b]\nendpoint = \"http://127.0.0.1:2\"\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), expect);
}

#[test]
fn every_mistake_is_exit_2_and_changes_nothing() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("config/orb/orbctl.toml");
    let refused = |arguments: &[&str], says: &str| {
        let before = fs::read(&path).ok();
        let run = config(&home, arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains(says), "{says}: {run:?}");
        assert_eq!(fs::read(&path).ok(), before);
    };
    refused(&["use-context", "paper"], "has no context \"paper\"");
    refused(&["delete-context", "paper"], "has no context \"paper\"");
    refused(&["set-context", "paper"], "needs --endpoint");
    done(&config(&home, &["set-context", "paper", "--endpoint", "http://127.0.0.1:1"]));
    refused(&["use-context", "papr"], "(there are: paper)");
    fs::write(&path, "current = 1").unwrap();
    refused(&["get-contexts"], "orbctl.toml:1:");
}

#[test]
fn a_context_made_here_is_used() {
    let fake = Fake::start(Mood::Willing);
    let token = fake.home.path().join("token");
    fs::write(&token, TOKEN).unwrap();
    let set = ["set-context", "here", "--endpoint", fake.endpoint(), "--token-file", token.to_str().unwrap()];
    done(&config(&fake.home, &set));
    let run = finish(orbctl(fake.home.path(), &["status"]).spawn().unwrap());
    done(&run);
    // The file of the token is open to everybody as the test made it.
    assert!(run.err.contains("chmod 600"), "{run:?}");
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let home = TempDir::new().unwrap();
    let set = ["set-context", "live", "--endpoint", "https://127.0.0.1:1", "--certificate-file", "/t/me.pem"];
    done(&config(&home, &set));
    let run = finish(orbctl(home.path(), &["status"]).spawn().unwrap());
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("give key_file too"), "{run:?}");
}
