//! Generated text in a page that is written by hand: it stands between two marks.

use anyhow::{Context, Result};

/// The page with this text between `<!-- name -->` and `<!-- /name -->`.
pub(crate) fn replaced(path: &str, page: &str, name: &str, text: &str) -> Result<String> {
    let (beginning, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let missing = |mark: &str| format!("{path} has no {}", mark.trim_end());
    let (before, rest) = page
        .split_once(&beginning)
        .with_context(|| missing(&beginning))?;
    let (_, after) = rest.split_once(&end).with_context(|| missing(&end))?;
    Ok(format!("{before}{beginning}\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = "a\n<!-- it -->\nold\n<!-- /it -->\nb\n";
        let placed = replaced("page", page, "it", "new").unwrap();
        assert_eq!(placed, "a\n<!-- it -->\n\nnew\n\n<!-- /it -->\nb\n");
        assert_eq!(replaced("page", &placed, "it", "new").unwrap(), placed);
        assert!(replaced("page", "no marks", "it", "new").is_err());
    }
}
