//! A query looked at before it is sent: that it is one statement which reads, and where `:cursor` stands in it.
//!
//! This tells a mistake early and in our words. That nothing is written is held by the database itself: a file opened
//! for reading, a transaction that is read only, and ways to send a statement that take no second one.

/// Which words and quotes a database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

/// One statement that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// The text around the places of `:cursor`.
    pieces: Vec<String>,
}

/// Why a text is no such statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Nothing but white space and comments.
    Empty,
    /// Something comes after a `;`.
    Several,
    /// It begins with a word that does not read.
    Begins(String),
    /// A result is put somewhere (`INTO`), or a comment holds commands (`/*!`).
    Writes(&'static str),
    /// A quote, bracket or comment that never ends.
    Unclosed(&'static str),
}

impl Wrong {
    /// The reason, as the texts of the configuration know it.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Several => "sql-several",
            Self::Begins(_) => "sql-begins",
            Self::Writes(_) => "sql-writes",
            Self::Unclosed(_) => "sql-unclosed",
        }
    }

    /// The piece of the text that is wrong.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Empty => "–".to_owned(),
            Self::Several => ";".to_owned(),
            Self::Begins(word) => word.clone(),
            Self::Writes(word) | Self::Unclosed(word) => (*word).to_owned(),
        }
    }
}

/// Words that a statement which reads begins with.
const READS: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// The name in the query.
const CURSOR: &str = ":cursor";

impl Statement {
    /// Looks through a text.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Self, Wrong> {
        let mut pieces = Vec::new();
        // Where the piece under way begins, where the last thing that is no white space ended.
        let (mut begun, mut end) = (0, 0);
        let mut ended = false;
        let mut begins = None;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let step = step(rest, dialect)?;
            let length = step.length(rest);
            if !matches!(step, Step::Nothing(_)) {
                if ended {
                    return Err(Wrong::Several);
                }
                if matches!(step, Step::End) {
                    ended = true;
                } else {
                    end = at + length;
                }
            }
            match step {
                Step::Word(word) => {
                    let word = word.to_uppercase();
                    if begins.is_none() && !READS.contains(&word.as_str()) {
                        return Err(Wrong::Begins(word));
                    }
                    if word == "INTO" {
                        return Err(Wrong::Writes("INTO"));
                    }
                    begins.get_or_insert(word);
                }
                Step::Cursor => {
                    pieces.push(text[begun..at].to_owned());
                    begun = at + length;
                }
                Step::Other(_) if begins.is_none() && !rest.starts_with('(') => {
                    return Err(Wrong::Begins(rest.chars().take(1).collect()));
                }
                _ => {}
            }
            at += length;
        }
        if begins.is_none() {
            return Err(Wrong::Empty);
        }
        pieces.push(text[begun..end.max(begun)].to_owned());
        Ok(Self { pieces })
    }

    /// Whether it names the cursor.
    pub(super) fn asks_cursor(&self) -> bool {
        self.pieces.len() > 1
    }

    /// How many times it does.
    pub(super) fn cursors(&self) -> usize {
        self.pieces.len() - 1
    }

    /// The text with something in the place of each `:cursor`.
    pub(super) fn with(&self, cursor: &str) -> String {
        self.pieces.join(cursor)
    }
}

/// The next thing in a text.
enum Step<'a> {
    /// White space or a comment of so many bytes.
    Nothing(usize),
    /// A word outside quotes.
    Word(&'a str),
    /// `:cursor`.
    Cursor,
    /// `;`.
    End,
    /// Anything else, of so many bytes: a quoted text or name, a sign.
    Other(usize),
}

impl Step<'_> {
    fn length(&self, rest: &str) -> usize {
        match self {
            Self::Nothing(length) | Self::Other(length) => *length,
            Self::Word(word) => word.len(),
            Self::Cursor => CURSOR.len(),
            Self::End => 1,
        }
        .min(rest.len())
    }
}

fn step(rest: &str, dialect: Dialect) -> Result<Step<'_>, Wrong> {
    let first = rest.chars().next().unwrap_or_default();
    let mysql = dialect == Dialect::MySql;
    if first.is_whitespace() || first == '\u{feff}' {
        return Ok(Step::Nothing(first.len_utf8()));
    }
    // MySQL: two hyphens begin a comment only before white space.
    let dashes = rest.strip_prefix("--").is_some_and(|after| !mysql || !after.starts_with(|c: char| c > ' '));
    if dashes || (mysql && first == '#') {
        return Ok(Step::Nothing(rest.find('\n').map_or(rest.len(), |line| line + 1)));
    }
    if rest.starts_with("/*") {
        // MySQL and MariaDB execute what stands in these.
        if rest.starts_with("/*!") || rest.starts_with("/*M!") {
            return Err(Wrong::Writes("/*!"));
        }
        return comment(rest, dialect == Dialect::Postgres).map(Step::Nothing).ok_or(Wrong::Unclosed("/*"));
    }
    match first {
        ';' => return Ok(Step::End),
        '\'' => return quoted(rest, '\'', mysql).map(Step::Other).ok_or(Wrong::Unclosed("'")),
        '"' => return quoted(rest, '"', mysql).map(Step::Other).ok_or(Wrong::Unclosed("\"")),
        '`' if dialect != Dialect::Postgres => {
            return quoted(rest, '`', false).map(Step::Other).ok_or(Wrong::Unclosed("`"));
        }
        '[' if dialect == Dialect::Sqlite => {
            return rest.find(']').map(|end| Step::Other(end + 1)).ok_or(Wrong::Unclosed("["));
        }
        '$' if dialect == Dialect::Postgres => return Ok(Step::Other(dollars(rest)?)),
        ':' if rest.starts_with("::") => return Ok(Step::Other(2)),
        ':' if rest.starts_with(CURSOR) && !rest[CURSOR.len()..].starts_with(is_word) => return Ok(Step::Cursor),
        _ => {}
    }
    if is_word(first) {
        let length = rest.find(|c: char| !is_word(c) && c != '$').unwrap_or(rest.len());
        let word = &rest[..length];
        // PostgreSQL: E'…' knows backslashes.
        if dialect == Dialect::Postgres && word.eq_ignore_ascii_case("e") && rest[length..].starts_with('\'') {
            let quote = quoted(&rest[length..], '\'', true).ok_or(Wrong::Unclosed("'"))?;
            return Ok(Step::Other(length + quote));
        }
        return Ok(Step::Word(word));
    }
    Ok(Step::Other(first.len_utf8()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of a comment; PostgreSQL's may hold comments.
fn comment(rest: &str, nested: bool) -> Option<usize> {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 {
        let close = at + rest[at..].find("*/")?;
        if let Some(open) = rest[at..close].find("/*").filter(|_| nested) {
            depth += 1;
            at += open + 2;
        } else {
            depth -= 1;
            at = close + 2;
        }
    }
    Some(at)
}

/// Length of a quoted text; a doubled quote is part of it, and with `escapes` what a backslash stands before.
fn quoted(rest: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if letter == quote {
            if letters.peek().is_none_or(|(_, next)| *next != quote) {
                return Some(at + 1);
            }
            letters.next();
        }
    }
    None
}

/// Length of `$tag$ … $tag$`; a lone `$` is a sign.
fn dollars(rest: &str) -> Result<usize, Wrong> {
    let Some(tag) = rest[1..].find('$').map(|end| &rest[..end + 2]) else { return Ok(1) };
    if !tag[1..tag.len() - 1].chars().all(is_word) {
        return Ok(1);
    }
    let end = rest[tag.len()..].find(tag).ok_or(Wrong::Unclosed("$"))?;
    Ok(end + 2 * tag.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str, dialect: Dialect) -> Result<String, Wrong> {
        Statement::parse(text, dialect).map(|statement| statement.with("?"))
    }

    #[test]
    fn the_cursor_is_found_outside_quotes_and_comments() {
        use Dialect::{MySql, Postgres, Sqlite};
        for (text, dialect, with) in [
            ("SELECT 1 WHERE a > :cursor ;\n-- beigas", Sqlite, "SELECT 1 WHERE a > ?"),
            (
                " (SELECT :cursor, ':cursor', \":cursor\", x::cursor, :cursors)",
                Postgres,
                " (SELECT ?, ':cursor', \":cursor\", x::cursor, :cursors)",
            ),
            (
                "select $a$ ; :cursor $a$, E'\\' :cursor', 'a\\', :cursor",
                Postgres,
                "select $a$ ; :cursor $a$, E'\\' :cursor', 'a\\', ?",
            ),
            ("select 'a\\' :cursor', :cursor # :cursor", MySql, "select 'a\\' :cursor', ?"),
            ("SELECT 1--1, [a;b], `;` /* ; */", Sqlite, "SELECT 1"),
            ("SELECT 1--1, :cursor", MySql, "SELECT 1--1, ?"),
            ("/* /* */ ; */ SELECT 'it''s; ' ", Postgres, "/* /* */ ; */ SELECT 'it''s; '"),
            ("WITH a AS (SELECT 1) TABLE a;;", Postgres, ""),
        ] {
            match parse(text, dialect) {
                Ok(found) => assert_eq!(found, with, "{text}"),
                Err(wrong) => assert_eq!((wrong, with), (Wrong::Several, ""), "{text}"),
            }
        }
        assert_eq!(Statement::parse("SELECT :cursor, :cursor", Sqlite).unwrap().cursors(), 2);
    }

    #[test]
    fn what_writes_or_is_not_one_statement_is_refused() {
        use Dialect::{MySql, Postgres, Sqlite};
        for (text, dialect, wrong) in [
            (" -- nekā\n", Sqlite, Wrong::Empty),
            (";", Sqlite, Wrong::Empty),
            ("SELECT 1; DELETE FROM a", Postgres, Wrong::Several),
            ("UPDATE a SET b = 1", Postgres, Wrong::Begins("UPDATE".to_owned())),
            ("'a'", Postgres, Wrong::Begins("'".to_owned())),
            ("SELECT 1 INTO OUTFILE '/tmp/a'", MySql, Wrong::Writes("INTO")),
            ("SELECT 1 /*! INTO OUTFILE '/tmp/a' */", MySql, Wrong::Writes("/*!")),
            ("SELECT 'a", Sqlite, Wrong::Unclosed("'")),
            ("SELECT 1 /* a", Sqlite, Wrong::Unclosed("/*")),
            // Where a backslash means nothing, the quote ends and a second statement follows.
            ("SELECT '\\'; DROP TABLE a; --'", Postgres, Wrong::Several),
        ] {
            assert_eq!(parse(text, dialect), Err(wrong), "{text}");
        }
    }
}
