//! Pages of a list: where one ends, the next begins, whatever was added in between.

use core::fmt::Debug;

use orb_core::Date;
use sha2::{Digest as _, Sha256};

use super::error::StoreError;

/// Bounds the rows of a page.
const ROWS_MAX: u32 = 1_000;
/// Holds the rows of a page where none are asked for.
const ROWS_DEFAULT: u32 = 50;
/// Bytes of the fingerprint by which a token knows its list's filter.
const FINGERPRINT_BYTES: usize = 8;
/// Separates a token's parts; no name holds it.
const SEPARATOR: char = '\u{1f}';

/// Asks for a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at most; 0 means 50, above 1000 is taken as 1000.
    pub size: u32,
    /// The [`Page::next`] of the page before; `None` for the first page.
    pub token: Option<String>,
}

impl PageRequest {
    /// Asks for the first rows.
    #[must_use]
    pub const fn first(size: u32) -> Self {
        Self { size, token: None }
    }

    fn rows(&self) -> usize {
        let rows = if self.size == 0 { ROWS_DEFAULT } else { self.size.min(ROWS_MAX) };
        rows as usize
    }
}

/// Says which rows of a list come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first, as files are written.
    OldestFirst,
}

/// Binds the tokens of a list to what was asked for: another ledger, filter or order has other tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageBinding {
    list: &'static str,
    fingerprint: String,
}

impl PageBinding {
    /// Makes the binding of a list; `filter` is all that selects and orders its rows.
    #[must_use]
    pub fn new(list: &'static str, ledger_id: &str, filter: &impl Debug) -> Self {
        let digest = Sha256::digest(format!("{list}{SEPARATOR}{ledger_id}{SEPARATOR}{filter:?}"));
        Self { list, fingerprint: hex(&digest[..FINGERPRINT_BYTES]) }
    }

    /// Returns the token of the page after the row that these values mark.
    #[must_use]
    pub fn token(&self, parts: &[String]) -> String {
        let mut text = format!("{}{SEPARATOR}{}", self.list, self.fingerprint);
        for part in parts {
            text.push(SEPARATOR);
            text.push_str(part);
        }
        hex(text.as_bytes())
    }

    /// Reads the values of a token; `None` when it is none of this list, filter and order.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Vec<String>> {
        let text = String::from_utf8(bytes(token)?).ok()?;
        let mut parts = text.split(SEPARATOR);
        let is_own = parts.next()? == self.list && parts.next()? == self.fingerprint;
        is_own.then(|| parts.map(ToOwned::to_owned).collect())
    }
}

/// Reads one page of a list: what was asked for, and where it goes on.
pub(in crate::store) struct Pager<C> {
    rows: usize,
    binding: PageBinding,
    /// Marks the last row of the page before; `None` for the first page.
    pub(in crate::store) after: Option<C>,
}

impl<C: Cursor> Pager<C> {
    /// Reads what was asked for.
    pub(in crate::store) fn new(request: &PageRequest, ledger: &str, filter: &impl Debug) -> Result<Self, StoreError> {
        let binding = PageBinding::new(C::LIST, ledger, filter);
        let read = |token: &str| {
            let parts = binding.read(token)?;
            C::read(&parts.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let after = match request.token.as_deref() {
            None | Some("") => None,
            Some(token) => Some(read(token).ok_or(StoreError::PageToken)?),
        };
        Ok(Self { rows: request.rows(), binding, after })
    }

    /// One row more than the page holds tells whether there is a next page.
    pub(in crate::store) fn limit(&self) -> i64 {
        i64::try_from(self.rows + 1).unwrap_or(i64::MAX)
    }

    /// Makes a page of the rows that a query with [`limit`](Self::limit) gave.
    pub(in crate::store) fn page<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> C) -> Page<T> {
        let more = rows.len() > self.rows;
        rows.truncate(self.rows);
        let next = rows.last().filter(|_| more).map(|last| self.binding.token(&cursor(last).parts()));
        Page { rows, next }
    }
}

/// Holds a page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// The token of the next page; `None` on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Turns each row into another, keeping the token.
    pub(in crate::store) fn try_map<U, E>(self, read: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let rows = self.rows.into_iter().map(read).collect::<Result<_, E>>()?;
        Ok(Page { rows, next: self.next })
    }
}

/// Bounds trading dates, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateRange {
    /// The first date; `None` for all before.
    pub from: Option<Date>,
    /// The last date; `None` for all after.
    pub to: Option<Date>,
}

impl DateRange {
    /// Makes the range of one day.
    #[must_use]
    pub const fn day(date: Date) -> Self {
        Self { from: Some(date), to: Some(date) }
    }

    /// Returns the bounds as rows hold them; text that lies outside of all dates where there is none.
    pub(in crate::store) fn bounds(self) -> (String, String) {
        let text = |date: Option<Date>, none: &str| date.map_or_else(|| none.to_owned(), |date| date.to_string());
        (text(self.from, ""), text(self.to, "~"))
    }
}

/// Marks the last row of a page by the columns that order its list.
pub(in crate::store) trait Cursor: Sized {
    /// Names the list, so that the token of one is no token of another.
    const LIST: &'static str;

    /// Returns the columns as text.
    fn parts(&self) -> Vec<String>;

    /// Reads the columns; `None` when they are none of this list's.
    fn read(parts: &[&str]) -> Option<Self>;
}

/// Declares a cursor and the columns that it marks.
macro_rules! cursor {
    ($(#[$meta:meta])* $name:ident of $list:literal { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub(in $crate::store) struct $name {
            $(pub(in $crate::store) $field: $type,)+
        }

        impl $crate::store::page::Cursor for $name {
            const LIST: &'static str = $list;

            fn parts(&self) -> Vec<String> {
                vec![$(self.$field.to_string()),+]
            }

            fn read(parts: &[&str]) -> Option<Self> {
                let mut parts = parts.iter();
                let cursor = Self { $($field: parts.next()?.parse().ok()?),+ };
                parts.next().is_none().then_some(cursor)
            }
        }
    };
}
pub(in crate::store) use cursor;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads two hexadecimal digits a byte; `None` when the text is something else.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |pair: &[u8]| {
        let text = core::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u8::from_str_radix(text, 16).ok())?
    };
    text.as_bytes().chunks(2).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    cursor! {
        /// A cursor.
        Example of "example" { at: i64, name: String }
    }

    cursor! {
        /// Another.
        Other of "other" { at: i64, name: String }
    }

    fn pager<C: Cursor>(token: Option<String>, filter: &str) -> Result<Pager<C>, StoreError> {
        Pager::new(&PageRequest { size: 3, token }, "sim:1", &filter)
    }

    #[test]
    fn a_token_is_read_by_its_own_list_ledger_and_filter_only() {
        let first: Pager<Example> = pager(None, "all").expect("the first page");
        let page = first.page((0..4).collect(), |&at: &i64| Example { at, name: "BRK.B é".to_owned() });
        assert_eq!(page.rows, [0, 1, 2]);
        let next: Pager<Example> = pager(page.next.clone(), "all").expect("a token of this list");
        let after = next.after.expect("a token");
        assert_eq!((after.at, after.name.as_str()), (2, "BRK.B é"));
        assert!(matches!(pager::<Other>(page.next.clone(), "all"), Err(StoreError::PageToken)));
        assert!(matches!(pager::<Example>(page.next.clone(), "longs"), Err(StoreError::PageToken)));
        let elsewhere = PageRequest { size: 3, token: page.next };
        assert!(matches!(Pager::<Example>::new(&elsewhere, "sim:2", &"all"), Err(StoreError::PageToken)));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["x", "zz", "0", "6578616d706c65", "+1+1", "é", "ff"] {
            assert!(matches!(pager::<Example>(Some(text.to_owned()), "all"), Err(StoreError::PageToken)), "{text}");
        }
        assert!(pager::<Example>(Some(String::new()), "all").expect("no token").after.is_none());
    }
}
