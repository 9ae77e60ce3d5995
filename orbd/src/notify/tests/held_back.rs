//! What waits, how often a channel is used, and who goes where there is no room.

use std::time::Duration;

use tokio::time::Instant;

use super::made::notice;
use crate::notify::bucket::Bucket;
use crate::notify::kind::Weight;
use crate::notify::queue::Queue;

fn texts(queue: &mut Queue) -> (Vec<String>, u64) {
    let message = queue.take_all().expect("something waits");
    (message.notices.into_iter().map(|notice| notice.text).collect(), message.left_out)
}

#[test]
fn where_there_is_no_room_the_oldest_of_the_lightest_goes_and_never_an_alarm_before_it() {
    let mut queue = Queue::new(3);
    for (number, weight) in [(1, Weight::Alarm), (2, Weight::Info), (3, Weight::Warning)] {
        assert_eq!(queue.push(notice(number, weight, &format!("n{number}"))), 0);
    }
    assert_eq!(queue.push(notice(4, Weight::Alarm, "n4")), 1);
    assert_eq!(queue.push(notice(5, Weight::Info, "n5")), 1, "it is the lightest itself");
    assert_eq!(queue.push(notice(6, Weight::Alarm, "n6")), 1);
    assert_eq!(texts(&mut queue), (vec!["n1".to_owned(), "n4".to_owned(), "n6".to_owned()], 3));
    assert!(queue.is_empty() && queue.take_one().is_none());
}

#[test]
fn what_is_put_back_comes_first_and_its_count_is_kept() {
    let mut queue = Queue::new(3);
    (1..=4).for_each(|number| _ = queue.push(notice(number, Weight::Info, &format!("n{number}"))));
    let first = queue.take_one().expect("a notice");
    assert_eq!((first.notices[0].text.as_str(), first.left_out), ("n2", 1));
    queue.push(notice(5, Weight::Info, "n5"));
    assert_eq!(queue.put_back(first), 1);
    assert_eq!(texts(&mut queue), (vec!["n3".to_owned(), "n4".to_owned(), "n5".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_used_five_times_at_once_and_then_evenly() {
    let begin = Instant::now();
    let mut bucket = Bucket::per_minute(20, begin);
    assert!((0..5).all(|_| bucket.take(begin).is_ok()));
    assert_eq!(bucket.take(begin), Err(begin + Duration::from_secs(3)));
    let next = begin + Duration::from_secs(3);
    assert!(bucket.take(next).is_ok() && bucket.take(next).is_err());
    let later = begin + Duration::from_secs(600);
    assert!((0..5).all(|_| bucket.take(later).is_ok()) && bucket.take(later).is_err(), "it never holds more");
}
