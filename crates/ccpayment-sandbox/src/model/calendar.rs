//! Dates from unix seconds, in the two spellings that the gateway uses.

struct Parts {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    days: u64,
}

/// The proleptic Gregorian date of unix seconds, counted in eras of 400 years from 0000-03-01.
fn parts(seconds: u64) -> Parts {
    let days = seconds / 86_400;
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let clock = seconds % 86_400;
    Parts {
        year,
        month,
        day,
        hour: clock / 3_600,
        minute: clock / 60 % 60,
        second: clock % 60,
        days,
    }
}

/// Fourteen digits, as record ids start.
pub(crate) fn stamp(seconds: u64) -> String {
    let Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = parts(seconds);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// `YYYY-MM-DD HH:MM:SS`, for people.
pub(crate) fn plain(seconds: u64) -> String {
    let Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = parts(seconds);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The text of an HTTP `Date` header.
pub(crate) fn http_date(seconds: u64) -> String {
    let Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        days,
    } = parts(seconds);
    let weekday = match days % 7 {
        0 => "Thu",
        1 => "Fri",
        2 => "Sat",
        3 => "Sun",
        4 => "Mon",
        5 => "Tue",
        _ => "Wed",
    };
    let month = match month {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    };
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(stamp(0), "19700101000000");
        assert_eq!(stamp(1_710_234_590), "20240312090950");
        assert_eq!(stamp(951_782_400), "20000229000000");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(1_709_251_199), "Thu, 29 Feb 2024 23:59:59 GMT");
    }
}
