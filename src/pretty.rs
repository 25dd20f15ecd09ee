//! JSON text, indented for people. Works on the text: the order of members and
//! the spelling of numbers survive. Does not check it; that is the parser's job.

use std::io::{self, Write};

use memchr::memchr2;

/// Two blanks per level, as `JSON.stringify(value, null, 2)` does it. Written in
/// pieces: give it a buffer.
pub fn write_pretty(json: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(next) = rest.bytes().next() {
        let mut taken = 1;
        match next {
            b'{' | b'[' => {
                let inner = rest[1..].trim_ascii_start();
                if inner.starts_with(['}', ']']) {
                    out.write_all(&[next, inner.as_bytes()[0]])?;
                    taken = rest.len() - inner.len() + 1;
                } else {
                    out.write_all(&[next])?;
                    depth += 1;
                    break_line(out, depth)?;
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                break_line(out, depth)?;
                out.write_all(&[next])?;
            }
            b',' => {
                out.write_all(b",")?;
                break_line(out, depth)?;
            }
            b':' => out.write_all(b": ")?,
            b'"' => {
                taken = string_len(rest);
                out.write_all(&rest.as_bytes()[..taken])?;
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            // Outside of strings JSON is ASCII.
            other => out.write_all(&[other])?,
        }
        rest = &rest[taken..];
    }
    Ok(())
}

fn break_line(out: &mut dyn Write, depth: usize) -> io::Result<()> {
    out.write_all(b"\n")?;
    (0..depth).try_for_each(|_| out.write_all(b"  "))
}

/// Length of the string that `json` begins with, quotes included.
fn string_len(json: &str) -> usize {
    let mut end = 1;
    while let Some(next) = memchr2(b'"', b'\\', json.as_bytes().get(end..).unwrap_or_default()) {
        end += next;
        if json.as_bytes()[end] == b'"' {
            return end + 1;
        }
        end += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let pretty = |json| {
            let mut out = Vec::new();
            write_pretty(json, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(pretty(json), expected);
        assert_eq!(pretty(expected), expected, "pretty text stays as it is");
    }

    #[test]
    fn order_numbers_and_strings_survive() {
        check("null", "null");
        check("12345678901234567890.10e+400", "12345678901234567890.10e+400");
        check(r#""a:b,{}\"\\""#, r#""a:b,{}\"\\""#);
        check(r#"{"z":1,"a":[],"m":{ }}"#, "{\n  \"z\": 1,\n  \"a\": [],\n  \"m\": {}\n}");
        check(
            r#"[1,{"é":"ü"},[[2]]]"#,
            "[\n  1,\n  {\n    \"é\": \"ü\"\n  },\n  [\n    [\n      2\n    ]\n  ]\n]",
        );
    }
}
