//! A Rust file, taken apart: its code without comments, literals and tests; its comments without code.

/// One file. Each view keeps every line in its place.
pub(crate) struct Source {
    /// From the package's root, with `/`.
    pub(crate) path: String,
    /// As written.
    pub(crate) lines: Vec<String>,
    /// Code outside tests; comments, strings and characters are blanks.
    pub(crate) code: Vec<String>,
    /// Comments outside tests; all else is blanks.
    pub(crate) comments: Vec<String>,
    production_lines: usize,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let [mut code, mut comments] = [code.as_str(), &comments].map(lines_of);
        let in_tests = tests(&code);
        for view in [&mut code, &mut comments] {
            view.iter_mut().zip(&in_tests).filter(|(_, test)| **test).for_each(|(line, _)| line.clear());
        }
        let lines = lines_of(text);
        let production_lines = in_tests.iter().filter(|test| !**test).count();
        Self { path: path.to_owned(), lines, code, comments, production_lines }
    }

    /// How many lines are not part of an item under `#[cfg(test)]`.
    pub(crate) fn production_lines(&self) -> usize {
        self.production_lines
    }

    /// The path of the module that the file is, from the crate's root.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| !matches!(*part, "mod" | "lib")).collect()
    }

    /// The module of the crate's root that the file is in; `None` for the crate's root.
    pub(crate) fn root(&self) -> Option<&str> {
        self.module().first().copied()
    }

    /// An offence at a line, counted from 0.
    pub(crate) fn offence(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{}: {what}", self.path, line + 1)
    }
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Whether `c` is a part of a name.
pub(crate) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The places where `word` stands in `line` as a whole name.
pub(crate) fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    line.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !line[..at].ends_with(is_name) && !line[at + word.len()..].starts_with(is_name))
}

/// The text as code and as comments, each with blanks for what it leaves out.
fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let comment = match rest {
            _ if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            _ if rest.starts_with("/*") => Some(block_comment(rest)),
            _ => None,
        };
        let literal = if comment.is_none() { literal(rest, code.ends_with(is_name)) } else { None };
        let (taken, behind) = rest.split_at(comment.or(literal).unwrap_or(first.len_utf8()));
        let blank: String = taken.chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        code.push_str(if comment.or(literal).is_none() { taken } else { &blank });
        comments.push_str(if comment.is_some() { taken } else { &blank });
        rest = behind;
    }
    (code, comments)
}

/// The length of the block comment that `text` begins with. They nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string or character that `text` begins with; none for a lifetime, or anything else.
fn literal(text: &str, after_name: bool) -> Option<usize> {
    if !after_name && let Some(raw) = ["r", "br", "cr"].iter().find_map(|prefix| text.strip_prefix(prefix)) {
        let quoted = raw.trim_start_matches('#');
        if let Some(inside) = quoted.strip_prefix('"') {
            let end = format!("\"{}", &raw[..raw.len() - quoted.len()]);
            let begun = text.len() - inside.len();
            return Some(inside.find(&end).map_or(text.len(), |at| begun + at + end.len()));
        }
    }
    let mut chars = text.char_indices();
    let quote = match chars.next()?.1 {
        '"' => '"',
        '\'' => {
            let one = text[1..].chars().next()?;
            if one != '\\' && !text[1 + one.len_utf8()..].starts_with('\'') {
                return None;
            }
            '\''
        }
        _ => return None,
    };
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// Which lines belong to items under `#[cfg(test)]`, the attribute included.
fn tests(code: &[String]) -> Vec<bool> {
    let mut out = vec![code.iter().any(|line| line.trim_start().starts_with("#![cfg(test)]")); code.len()];
    let mut line = 0;
    while line < code.len() {
        if code[line].trim_start().starts_with("#[cfg(test)]") {
            let last = item_end(code, line);
            out[line..=last].fill(true);
            line = last;
        }
        line += 1;
    }
    out
}

/// The last line of the item whose attributes begin at `first`: at its closing brace, or the `;` of one without.
fn item_end(code: &[String], first: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, line) in code.iter().enumerate().skip(first) {
        for c in line.chars() {
            match c {
                '(' | '[' => others += 1,
                ')' | ']' => others = others.saturating_sub(1),
                '{' => braces += 1,
                '}' if braces <= 1 => return at,
                '}' => braces -= 1,
                ';' if braces == 0 && others == 0 => return at,
                _ => {}
            }
        }
    }
    code.len().saturating_sub(1)
}
