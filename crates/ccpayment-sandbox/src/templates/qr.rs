//! A QR code as one path of an inline SVG.

use qrcode::{Color, EcLevel, QrCode};

use super::html::Html;

/// Light modules that the standard wants around a code.
const QUIET: usize = 4;

/// Draws nothing if the text does not fit into a code.
pub(super) fn draw(page: &mut Html, text: &str, label: &str) {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return;
    };
    let width = code.width();
    let side = width + 2 * QUIET;
    page.raw("<svg class=\"qr\" role=\"img\" aria-label=\"")
        .text(label)
        .raw("\" viewBox=\"0 0 ")
        .text(side)
        .raw(" ")
        .text(side)
        .raw("\" shape-rendering=\"crispEdges\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")
        .raw("<path fill=\"#000\" d=\"");
    for (y, row) in code.to_colors().chunks(width.max(1)).enumerate() {
        for (x, _) in row
            .iter()
            .enumerate()
            .filter(|(_, color)| **color == Color::Dark)
        {
            page.raw("M")
                .text(x + QUIET)
                .raw(" ")
                .text(y + QUIET)
                .raw("h1v1h-1z");
        }
    }
    page.raw("\"/></svg>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finder_and_its_quiet_zone() {
        let mut page = Html::default();
        draw(&mut page, "0xAbC", "an \"address\"");
        let svg = page.finish();
        // Version 1 is 21 modules wide.
        assert!(svg.contains("viewBox=\"0 0 29 29\""), "{svg}");
        assert!(svg.contains("an &quot;address&quot;"));
        assert!(svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 "));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut page = Html::default();
        draw(&mut page, &"x".repeat(5_000), "too long");
        assert_eq!(page.finish(), "");
    }
}
