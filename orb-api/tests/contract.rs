//! What must hold for the whole contract, read from the descriptors that reflection serves.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The numbers of the descriptors' fields that lead to what a comment belongs to.
const MESSAGE: i32 = 4;
const ENUM: i32 = 5;
const SERVICE: i32 = 6;
const MEMBER: i32 = 2;

#[cfg(test)]
fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(orb_api::FILE_DESCRIPTOR_SET).unwrap();
    set.file.into_iter().filter(|file| file.package() == "orb.v1").collect()
}

#[test]
fn reflection_knows_every_service() {
    let mut names: Vec<_> =
        files().iter().flat_map(|file| &file.service).map(|service| service.name().to_owned()).collect();
    names.sort();
    let known = ["ControlService", "HistoryService", "LiveService", "LogService", "PortfolioService", "SignalService"];
    assert_eq!(names, known);
}

#[test]
fn everything_is_commented() {
    for file in files() {
        let comments = comments(&file);
        let missing: Vec<_> = places(&file).into_iter().filter(|(path, _)| !comments.contains_key(path)).collect();
        assert!(missing.is_empty(), "{}: no comment on {missing:?}", file.name());
    }
}

#[test]
fn enums_start_with_unspecified_and_carry_their_name() {
    for file in files() {
        for item in &file.enum_type {
            let prefix = upper_snake(item.name());
            let first = item.value.first().map(|value| (value.number(), value.name().to_owned()));
            assert_eq!(first, Some((0, format!("{prefix}_UNSPECIFIED"))));
            assert!(item.value.iter().all(|value| value.name().starts_with(&prefix)), "{}", item.name());
        }
    }
}

/// What is read as a whole, without pages.
const WHOLE: [&str; 2] = ["ListEnvironments", "ExplainSymbol"];

#[test]
fn commands_carry_an_id_and_a_reason_and_streams_their_place() {
    let fields: HashMap<_, _> = files()
        .iter()
        .flat_map(|file| &file.message_type)
        .map(|message| {
            let names: Vec<_> = message.field.iter().map(|field| field.name().to_owned()).collect();
            (message.name().to_owned(), names)
        })
        .collect();
    let has = |message: &str, names: &[&str]| {
        for name in names {
            assert!(fields[message].iter().any(|field| field == name), "{message} has no {name}");
        }
    };
    for method in files().iter().flat_map(|file| &file.service).flat_map(|service| &service.method) {
        let request = method.input_type().trim_start_matches(".orb.v1.");
        let reply = method.output_type().trim_start_matches(".orb.v1.");
        if method.server_streaming() {
            has(reply, &["sequence", "ledger_id", "server_time"]);
        } else {
            has(reply, &["ledger"]);
        }
        if WHOLE.contains(&method.name()) {
            // It changes nothing, and its reply is short.
        } else if method.name().starts_with("List") {
            has(request, &["page_size", "page_token"]);
            has(reply, &["next_page_token"]);
        } else if !method.name().starts_with("Get") && !method.server_streaming() {
            has(request, &["request_id", "reason"]);
            has(reply, &["request_id", "replayed"]);
        }
    }
}

fn comments(file: &FileDescriptorProto) -> HashMap<Vec<i32>, &str> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let commented = locations.filter(|location| !location.leading_comments().trim().is_empty());
    commented.map(|location| (location.path.clone(), location.leading_comments())).collect()
}

/// Lists what needs a comment: its path in the descriptor, and its name.
fn places(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut places = Vec::new();
    let mut add = |kind: i32, index: usize, name: &str, members: Vec<&str>| {
        let number = |index| i32::try_from(index).unwrap_or(i32::MAX);
        places.push((vec![kind, number(index)], name.to_owned()));
        for (member, title) in members.into_iter().enumerate() {
            places.push((vec![kind, number(index), MEMBER, number(member)], format!("{name}.{title}")));
        }
    };
    for (index, message) in file.message_type.iter().enumerate() {
        add(MESSAGE, index, message.name(), message.field.iter().map(|field| field.name()).collect());
    }
    for (index, item) in file.enum_type.iter().enumerate() {
        add(ENUM, index, item.name(), item.value.iter().map(|value| value.name()).collect());
    }
    for (index, service) in file.service.iter().enumerate() {
        add(SERVICE, index, service.name(), service.method.iter().map(|method| method.name()).collect());
    }
    places
}

fn upper_snake(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}
