//! JSON text, indented for people. Works on the text: the order of members and
//! the spelling of numbers survive. Does not check it; that is the parser's job.

use memchr::memchr2;

/// Two blanks per level, as `JSON.stringify(value, null, 2)` does it.
pub fn pretty(json: &str) -> String {
    let mut res = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(next) = rest.chars().next() {
        let mut taken = next.len_utf8();
        match next {
            '{' | '[' => {
                res.push(next);
                let inner = rest[1..].trim_ascii_start();
                if inner.starts_with(['}', ']']) {
                    res.push_str(&inner[..1]);
                    taken = rest.len() - inner.len() + 1;
                } else {
                    depth += 1;
                    break_line(&mut res, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut res, depth);
                res.push(next);
            }
            ',' => {
                res.push(',');
                break_line(&mut res, depth);
            }
            ':' => res.push_str(": "),
            '"' => {
                taken = string_len(rest);
                res.push_str(&rest[..taken]);
            }
            ' ' | '\n' | '\r' | '\t' => {}
            other => res.push(other),
        }
        rest = &rest[taken..];
    }
    res
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
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
