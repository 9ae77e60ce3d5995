//! Pages of a list: where one ends, the next begins, whatever was added in between.

use orb_core::Date;

use super::error::StoreError;

/// Bounds the rows of a page.
const ROWS_MAX: u32 = 1_000;
/// Holds the rows of a page where none are asked for.
const ROWS_DEFAULT: u32 = 50;
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

    pub(in crate::store) fn rows(&self) -> usize {
        let rows = if self.size == 0 { ROWS_DEFAULT } else { self.size.min(ROWS_MAX) };
        rows as usize
    }

    /// One row more than the page holds tells whether there is a next page.
    pub(in crate::store) fn limit(&self) -> i64 {
        i64::try_from(self.rows() + 1).unwrap_or(i64::MAX)
    }

    pub(in crate::store) fn after<C: Cursor>(&self) -> Result<Option<C>, StoreError> {
        match self.token.as_deref() {
            None | Some("") => Ok(None),
            Some(token) => read_token(token).map(Some).ok_or(StoreError::PageToken),
        }
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
    /// Makes a page of the rows that a query with [`PageRequest::limit`] gave.
    pub(in crate::store) fn of<C: Cursor>(mut rows: Vec<T>, request: &PageRequest, cursor: impl Fn(&T) -> C) -> Self {
        let more = rows.len() > request.rows();
        rows.truncate(request.rows());
        let next = rows.last().filter(|_| more).map(|last| token(C::LIST, &cursor(last).parts()));
        Self { rows, next }
    }

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

fn token(list: &str, parts: &[String]) -> String {
    let mut text = list.to_owned();
    for part in parts {
        text.push(SEPARATOR);
        text.push_str(part);
    }
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token<C: Cursor>(token: &str) -> Option<C> {
    let digit = |pair: &[u8]| {
        let text = core::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = token.as_bytes().chunks(2).map(digit).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let parts: Vec<&str> = text.split(SEPARATOR).collect();
    let (list, columns) = parts.split_first()?;
    if *list == C::LIST { C::read(columns) } else { None }
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

    #[test]
    fn a_token_is_read_by_its_own_list_only() {
        let rows: Vec<i64> = (0..4).collect();
        let page = Page::of(rows, &PageRequest::first(3), |&at| Example { at, name: "BRK.B é".to_owned() });
        assert_eq!(page.rows, [0, 1, 2]);
        let request = PageRequest { size: 3, token: page.next };
        let cursor: Example = request.after().expect("a token of this list").expect("a token");
        assert_eq!((cursor.at, cursor.name.as_str()), (2, "BRK.B é"));
        assert!(matches!(request.after::<Other>(), Err(StoreError::PageToken)));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["x", "zz", "0", "6578616d706c65", "+1+1", "é", "ff"] {
            let request = PageRequest { size: 0, token: Some(text.to_owned()) };
            assert!(matches!(request.after::<Example>(), Err(StoreError::PageToken)), "{text}");
        }
        assert!(PageRequest { size: 0, token: Some(String::new()) }.after::<Example>().expect("no token").is_none());
    }
}
