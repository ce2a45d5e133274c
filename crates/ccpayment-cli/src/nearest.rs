//! `nearest`, which finds the names that somebody may have meant.

/// The three names that are most like a word, the best first, without those that are too different.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 2).max(2);
    let mut found: Vec<_> = names
        .into_iter()
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|it| it.0 <= most)
        .collect();
    found.sort();
    found.into_iter().take(3).map(|it| it.1).collect()
}

/// How many letters have to be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (at, x) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (at, at + 1);
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y))
                .min(above + 1)
                .min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first_and_another_word_not_at_all() {
        for (a, b, expected) in [("", "abc", 3), ("pya", "pay", 2), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        let names = [
            "getCoinList",
            "getChainList",
            "getCoin",
            "getCwalletUserId",
            "rescan",
        ];
        assert_eq!(nearest("getcion", names), ["getCoin"]);
        assert_eq!(
            nearest("getCoinLst", names),
            ["getCoinList", "getChainList", "getCoin"]
        );
        assert!(nearest("somethingelse", names).is_empty());
    }
}
