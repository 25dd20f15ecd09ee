//! "Did you mean …?" for flags, fields and ops. Knows no word itself.

/// The candidate nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Case and separators are what people get wrong first: they cost nothing.
    let plain = |it: &str| it.to_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    candidates
        .into_iter()
        // Nothing nearer can come of lengths that differ more.
        .filter(|it| it.len().abs_diff(word.len()) <= 2 + it.len().min(word.len()) / 3)
        .map(|it| (strsim::osa_distance(&word, &plain(it)), it))
        .filter(|&(distance, it)| distance <= it.len().min(word.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, it)| it)
}

/// `; did you mean …?`, or nothing.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |it| format!("; did you mean `{it}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        assert_eq!(nearest(word, ["code", "input", "timeoutMs", "id"]), expected);
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        check("timeoutMS", Some("timeoutMs"));
        check("timeout_ms", Some("timeoutMs"));
        check("inptu", Some("input"));
        check("Code", Some("code"));
        check("banana", None);
        check("x", None);
        check("", None);
    }
}
