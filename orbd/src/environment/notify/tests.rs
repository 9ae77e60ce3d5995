use super::*;
use crate::environment::config::tests::resolve;
use crate::environment::settings::of_environment;

fn channels(file: &str) -> Vec<ChannelConfig> {
    resolve(file).notify
}

#[track_caller]
fn refused(file: &str, message: &str) {
    crate::environment::config::tests::refused(file, message);
}

const MAIL: &str = "[notify.post]\ntype = \"email\"\nserver = \"smtp.example.com\"\nfrom = \"orb <orb@example.com>\"\nto = [\"me@example.com\"]\n";

#[test]
fn a_channel_says_what_it_tells_and_has_defaults() {
    assert!(channels("").is_empty());
    let all = channels(&format!(
        "[notify.desk]\ntype = \"slack\"\ntell = [\"day\", \"exit\"]\nseverity = \"warning\"\nmessages_per_minute = 6\n\
         [notify.phone-2]\ntype = \"telegram\"\nchat = \"@desk\"\n{MAIL}"
    ));
    let of = |name: &str| all.iter().find(|channel| channel.name == name).expect("configured");
    let (desk, phone, post) = (of("desk"), of("phone-2"), of("post"));
    assert_eq!((&*desk.kinds, desk.weight, desk.per_minute), (&[Kind::Exit, Kind::Day][..], Weight::Warning, 6));
    assert!(
        desk.wants(Kind::Day, Weight::Alarm)
            && !desk.wants(Kind::Day, Weight::Info)
            && !desk.wants(Kind::Scan, Weight::Alarm)
    );
    assert_eq!((phone.kinds.len(), phone.weight, phone.per_minute), (7, Weight::Info, MESSAGES_PER_MINUTE));
    let Target::Telegram { api, .. } = &phone.target else { panic!("{phone:?}") };
    assert_eq!(api.as_str(), "https://api.telegram.org/");
    let Target::Email(mail) = &post.target else { panic!("{post:?}") };
    assert_eq!((mail.port, mail.encryption, &mail.user), (587, Encryption::Starttls, &None));
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_remedy() {
    refused("[notify.Desk]\ntype = \"slack\"", "/orb.toml:1: `Desk` is no name of a channel");
    refused("[notify]\ntype = \"slack\"", "/orb.toml:2: `notify.NAME` is not a table");
    refused("[notify.desk]\nseverity = \"info\"", "/orb.toml:1: [notify.desk] needs `type` too");
    refused("[notify.desk]\ntype = \"slak\"", "did you mean `slack`?");
    refused(
        "[notify.desk]\ntype = \"slack\"\nseveriti = \"info\"",
        "/orb.toml:3: [notify.NAME] has no key `severiti`, did you mean `severity`?",
    );
    refused("[notify.desk]\ntype = \"slack\"\nlisten = \"x\"", "/orb.toml:3: [notify.NAME] has no key `listen`");
    refused("[notify.desk]\ntype = \"slack\"\ntell = [\"exits\"]", "`tell = [\"exits\"]`: expected a list of \"scan\"");
    refused("[notify.desk]\ntype = \"slack\"\ntell = []", "expected a list of \"scan\"");
    refused("[notify.desk]\ntype = \"slack\"\nmessages_per_minute = 5", "expected a whole number from 6 to 60");
    refused(
        "[notify.desk]\ntype = \"slack\"\nchat = \"1\"",
        "`chat` is for channels of type telegram, and [notify.desk] is of type slack",
    );
    refused("[notify.desk]\ntype = \"telegram\"", "[notify.desk] needs `chat` too");
    refused(
        "[notify.desk]\ntype = \"telegram\"\nchat = \"1\"\napi_url = \"http://bots.example\"",
        "/orb.toml:4: `api_url = ",
    );
    refused("[notify.desk]\ntype = \"email\"\nfrom = \"nobody\"", "expected a mail address");
    refused(&MAIL.replace("to = [\"me@example.com\"]\n", ""), "[notify.post] needs `to` too");
    refused(&MAIL.replace("[\"me@example.com\"]", "[]"), "expected mail addresses");
    refused(&format!("{MAIL}encryption = \"none\"\n"), "smtp.example.com is another: use \"starttls\"");
    refused("[notfy.desk]\ntype = \"slack\"", "did you mean `notify`?");
}

#[test]
fn secrets_of_channels_are_refused_and_not_shown() {
    for key in ["url", "token", "password", "bot_token", "webhook_secret"] {
        let file = format!("[notify.desk]\ntype = \"slack\"\n{key} = \"https://hooks.example/hunter2\"\n");
        let error =
            crate::environment::config::tests::resolve_with(&file, &crate::environment::EnvironmentArgs::default());
        let error = error.expect_err(key);
        assert!(error.starts_with("/orb.toml:3: ") && !error.contains("hunter2"), "{error}");
        assert!(error.contains("ORB_NOTIFY_"), "{error}");
    }
}

#[test]
fn a_mail_server_on_this_machine_may_be_used_in_the_clear() {
    for here in ["localhost", "127.0.0.1", "::1"] {
        let file = format!("{}encryption = \"none\"\n", MAIL.replace("smtp.example.com", here));
        let Target::Email(mail) = &channels(&file)[0].target else { panic!("mail") };
        assert_eq!((mail.encryption, mail.port), (Encryption::None, 25));
    }
}

#[test]
fn every_key_of_a_channel_is_shown_and_in_the_sample() {
    let file = format!("[notify.phone]\ntype = \"telegram\"\nchat = \"1\"\n{MAIL}user = \"me\"\n");
    let shown = of_environment(&resolve(&file));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/orb.sample.toml");
    let sample = std::fs::read_to_string(path).expect("the sample");
    for key in NOTIFY {
        let ends = |name: &&str| shown.iter().any(|setting| setting.key == format!("notify.{name}.{key}"));
        assert!(["phone", "post"].iter().any(ends), "{key} is not shown");
        let shows = |line: &str| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} = "));
        assert!(sample.lines().any(shows), "{key} is not in the sample");
    }
    let of = |key: &str| shown.iter().find(|setting| setting.key == key).expect("shown");
    assert!(of("notify.post.encryption").is_default && of("notify.post.port").is_default);
    assert!(!of("notify.post.user").is_default && !of("notify.post.type").is_default);
}

#[test]
fn the_channels_of_the_sample_are_configured_once_their_marks_are_taken_away() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/orb.sample.toml");
    let sample = std::fs::read_to_string(path).expect("the sample");
    let (_, rest) = sample.split_once("# ---- notices").expect("the section");
    let section = rest.split("# ---- ").next().expect("the section").lines().skip(1);
    let is_key = |line: &&str| {
        line.starts_with("# [notify.")
            || line.split_once(" = ").is_some_and(|(key, _)| NOTIFY.contains(&key.trim_start_matches(['#', ' '])))
    };
    let text: String =
        section.filter(is_key).map(|line| format!("{}\n", line.trim_start_matches(['#', ' ']))).collect();
    let all = channels(&text);
    let types: Vec<_> = all.iter().map(|channel| channel.target.name()).collect();
    assert_eq!(types.len(), 4, "{text}");
    for kind in ["webhook", "slack", "telegram", "email"] {
        assert!(types.contains(&kind), "{types:?}");
    }
}
