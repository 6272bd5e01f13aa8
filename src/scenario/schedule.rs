//! When a trial begins in the calendar, the weekly and daily windows of a group, and what else the
//! API says of it.

use super::Origin;
use super::check::title;
use super::codes::Code;
use super::diagnostics::{Place, join};
use super::operations::days_kept;
use super::persistence;
use super::reader::{Context, Item, Table};
use super::script::fnv;
use super::topology::answer;
use super::tree::Value;
use super::uses::{Need, Use, Uses};
use super::victims::ANY;
use crate::engine::law::Law;
use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::api::ApiError;
use crate::model::plan::Window;

/// A trial begins on a Monday at midnight unless it says otherwise.
const START: &str = "2026-01-05T00:00:00Z";
const MAINTENANCE: &str = "sun:05:00-sun:06:00";
const SNAPSHOT: &str = "07:00-08:00";

const MINUTES_PER_DAY: u32 = 24 * 60;
const MINUTES_PER_WEEK: u32 = 7 * MINUTES_PER_DAY;
/// No window is shorter (user guide, maintenance and backups).
const SHORTEST: u32 = 60;
/// No maintenance window is longer (CreateReplicationGroup).
const LONGEST: u32 = MINUTES_PER_DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The first Monday of Unix time, in seconds.
const FIRST_MONDAY: i64 = 4 * 86_400;

/// What a group says about its windows, its backups and itself.
pub(super) struct Schedule {
    /// `Description`.
    pub description: String,
    /// The weekly window.
    pub maintenance: Recurring,
    /// The daily window.
    pub snapshot: Recurring,
    /// Days for which a backup is kept.
    pub retention: u8,
    /// The node that is copied, and where it is named; nothing where ElastiCache chooses.
    pub snapshotting_node: Option<(String, Place)>,
    /// From one snapshot of the users' own to the next, and where that stands.
    pub every: Option<(Law, Place)>,
    /// The part of endpoint names that AWS invents.
    pub dns_label: String,
}

/// A window as written, and what it means.
pub(super) struct Recurring {
    /// "sun:05:00-sun:06:00".
    pub text: String,
    /// Minutes since the beginning of the week or of the day.
    from: u32,
    minutes: u32,
    /// Minutes from one to the next.
    every: u32,
}

impl Recurring {
    /// The window of a trial that begins at `start`, in seconds of Unix time.
    pub fn window(&self, start: i64) -> Window {
        let every = i64::from(self.every) * 60;
        let opening = FIRST_MONDAY + i64::from(self.from) * 60;
        let first = (opening - start).rem_euclid(every);
        let seconds = |n: i64| Span::from_nanos(n as u64 * NANOS_PER_SEC);
        Window {
            first: SimTime::START + seconds(first),
            every: seconds(every),
            length: seconds(i64::from(self.minutes) * 60),
        }
    }

    /// Whether a weekly window is open at an instant of a daily one.
    fn overlaps(&self, daily: &Recurring) -> bool {
        let behind =
            |later: u32, earlier: u32| (later + MINUTES_PER_WEEK - earlier) % MINUTES_PER_WEEK;
        (0..7).any(|day| {
            let from = day * MINUTES_PER_DAY + daily.from;
            behind(from, self.from) < self.minutes || behind(self.from, from) < daily.minutes
        })
    }
}

/// When the trial begins, in seconds of Unix time: `run.start`.
pub(super) fn start(root: &mut Table<'_>, uses: &Uses, cx: &mut Context<'_>) -> i64 {
    let run = root.get("run").filter(Item::is_table);
    let item = run.and_then(|run| run.table(&mut cx.errors, "")?.get("start"));
    let default = instant(START).expect("the default is an instant");
    let Some(item) = item else {
        let is_used = [Need::Window, Need::Backups].map(|need| uses.of_need(need) == Use::Used);
        if is_used.contains(&true) {
            let why = Origin::convention("a Monday; windows count from it");
            cx.assume("run.start", format!("\"{START}\""), why);
        }
        return default;
    };
    let text = match &item.node().value {
        Value::Text(text) | Value::Datetime(text) => text,
        Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Array(_)
        | Value::Table(_) => {
            item.expected(&mut cx.errors, "an instant", &format!("write start = \"{START}\""));
            return default;
        }
    };
    instant(text).unwrap_or_else(|| {
        let hint = format!("write date, time and Z for UTC, as in start = \"{START}\"");
        cx.errors.report(Code::NotAnInstant, &item.place, "is not an instant").hint(hint);
        default
    })
}

fn instant(text: &str) -> Option<i64> {
    text.trim().parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// What stands in for the schedule of a self-hosted group: nothing of it ever comes.
pub(super) fn of_self_hosted(id: &str) -> Schedule {
    let usual = "the defaults are windows";
    Schedule {
        description: String::new(),
        maintenance: weekly(MAINTENANCE).expect(usual),
        snapshot: daily(SNAPSHOT).expect(usual),
        retention: 0,
        snapshotting_node: None,
        every: None,
        dns_label: invented_label(id),
    }
}

/// Reads the keys of the group `id` that are about windows and names.
pub(super) fn read(
    table: &mut Table<'_>,
    id: Option<&str>,
    uses: &mut Uses,
    cx: &mut Context<'_>,
) -> Schedule {
    let description = table.get("description");
    let description = description.and_then(|item| title(&item, 255, &mut cx.errors));
    let retention_item = table.get("snapshot-retention");
    let retention = match &retention_item {
        Some(item) => days_kept(item, cx).unwrap_or(0),
        None => 0,
    };
    if retention > 0 {
        uses.need(Need::Backups);
    }
    let backs_up = uses.of_need(Need::Backups) == Use::Used;
    let why = "as CreateReplicationGroup has it";
    if backs_up && retention_item.is_none() {
        let path = join(&table.place.path, "snapshot-retention");
        cx.assume(&path, "0", Origin::convention(why));
    }
    let in_window = uses.of_need(Need::Window) == Use::Used;
    let used = |is_used: bool| if is_used { Use::Used } else { Use::Unused };
    let n_before = cx.errors.count();
    let (maintenance, _) =
        window(table, ("maintenance-window", MAINTENANCE), weekly, used(in_window), cx);
    let (snapshot, snapshot_place) =
        window(table, ("snapshot-window", SNAPSHOT), daily, used(backs_up), cx);
    // In place of a window that cannot be read stands a default, which overlaps nobody's.
    let is_read = cx.errors.count() == n_before;
    let is_used = retention > 0 || snapshot_place.is_some();
    if is_read && is_used && maintenance.overlaps(&snapshot) {
        let place = snapshot_place.unwrap_or_else(|| table.place.clone());
        let message = format!(
            "the snapshot window {} overlaps the maintenance window {}",
            snapshot.text, maintenance.text
        );
        cx.errors
            .report(Code::WindowsOverlap, &place, message)
            .hint("move snapshot-window or maintenance-window")
            .hint(answer(ApiError::InvalidParameterCombination));
    }
    let node = table.get("snapshotting-node");
    let snapshotting_node = node.and_then(|item| {
        let name = item.text(&mut cx.errors, "the name of a node")?;
        (name != ANY).then_some(())?;
        Some((name.to_owned(), item.place.clone()))
    });
    let every = table.get("snapshot-every");
    let every = every.and_then(|item| Some((persistence::interval(&item, cx)?, item.place)));
    if every.is_some() {
        uses.need(Need::Snapshot);
    }
    let label = table.get("dns-label").and_then(|item| dns_label(&item, cx));
    Schedule {
        description: description.unwrap_or_default(),
        maintenance,
        snapshot,
        retention,
        snapshotting_node,
        every,
        dns_label: label.unwrap_or_else(|| invented_label(id.unwrap_or_default())),
    }
}

/// The window of a key, or its default, which is listed where it is used.
fn window(
    table: &mut Table<'_>,
    (key, default): (&'static str, &str),
    read: fn(&str) -> Option<Recurring>,
    used: Use,
    cx: &mut Context<'_>,
) -> (Recurring, Option<Place>) {
    let usual = || read(default).expect("the defaults are windows");
    let Some(item) = table.get(key) else {
        if used == Use::Used {
            let why = Origin::convention("AWS gives each group one of its own");
            cx.assume(&join(&table.place.path, key), format!("\"{default}\""), why);
        }
        return (usual(), None);
    };
    let Some(text) = item.text(&mut cx.errors, "a window") else {
        return (usual(), None);
    };
    match read(text.trim()) {
        Some(window) => (window, Some(item.place)),
        None => {
            let hint = match key {
                "maintenance-window" => "from one to 24 hours of a week",
                _ => "at least one hour of each day",
            };
            cx.errors
                .report(Code::NotAWindow, &item.place, "is not a window")
                .hint(format!("{hint} in UTC, as in {key} = \"{default}\""))
                .hint(answer(ApiError::InvalidParameterValue));
            (usual(), None)
        }
    }
}

/// Reads "sun:05:00-sun:06:00".
fn weekly(text: &str) -> Option<Recurring> {
    let minute = |text: &str| {
        let (day, time) = text.trim().split_once(':')?;
        let day = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))?;
        Some(day as u32 * MINUTES_PER_DAY + minute_of_day(time)?)
    };
    recurring(text, MINUTES_PER_WEEK, minute).filter(|window| window.minutes <= LONGEST)
}

/// Reads "07:00-08:00".
fn daily(text: &str) -> Option<Recurring> {
    recurring(text, MINUTES_PER_DAY, minute_of_day)
}

fn recurring(text: &str, every: u32, minute: impl Fn(&str) -> Option<u32>) -> Option<Recurring> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    let minutes = (to + every - from) % every;
    let window = Recurring { text: text.to_ascii_lowercase(), from, minutes, every };
    (minutes >= SHORTEST).then_some(window)
}

/// Reads "05:00".
fn minute_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |text: &str, below: u32| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| is_plain && *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

fn dns_label(item: &Item<'_>, cx: &mut Context<'_>) -> Option<String> {
    const LONGEST: usize = 20;
    let text = item.text(&mut cx.errors, "a part of a host name")?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_plain) {
        let hint = format!("small letters and digits, at most {LONGEST}, as in \"v5r9dc\"");
        cx.errors.report(Code::NotAName, &item.place, "is no part of a host name").hint(hint);
        return None;
    }
    Some(text.to_owned())
}

/// Six letters and digits that are always the same for a group.
fn invented_label(id: &str) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = fnv(&format!("dns:{id}")) as usize;
    let mut digit = || {
        let digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
        char::from(digit)
    };
    (0..6).map(|_| digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600 * NANOS_PER_SEC;

    #[test]
    fn windows_open_relative_to_the_start() {
        let check = |start: &str, window: &str, hours: u64| {
            let start = instant(start).expect("an instant");
            let recurring = weekly(window).or_else(|| daily(window)).expect("a window");
            assert_eq!(recurring.window(start).first.as_nanos(), hours * HOUR, "{window}");
        };
        check(START, "mon:00:00-mon:01:00", 0);
        check(START, "sun:05:00-sun:06:00", 6 * 24 + 5);
        check("2026-01-11T05:00:00Z", "sun:05:00-sun:06:00", 0);
        check("2026-01-11T06:00:00Z", "sun:05:00-sun:06:00", 7 * 24 - 1);
        check("2026-01-05T02:00:00+02:00", "07:00-08:00", 7);
        check("1969-12-31T23:00:00Z", "thu:00:00-thu:01:00", 1);
        check("2026-01-05T09:00:00Z", "07:00-08:00", 22);
    }

    #[test]
    fn windows_are_as_long_as_aws_allows() {
        let minutes = |window: Option<Recurring>| window.map(|window| window.minutes);
        assert_eq!(minutes(weekly("sun:23:30-mon:00:30")), Some(60));
        assert_eq!(minutes(weekly("sun:23:30-mon:23:30")), Some(1440));
        assert_eq!(minutes(weekly("sun:23:30-mon:23:31")), None);
        assert_eq!(minutes(weekly("sun:05:00-sun:05:59")), None);
        assert_eq!(minutes(weekly("sun:05:00-sun:05:00")), None);
        assert_eq!(minutes(daily("23:30-00:30")), Some(60));
        assert_eq!(minutes(daily("07:00-07:30")), None);
        for wrong in ["", "07:00", "7:00-8:00", "24:00-25:00", "07:60-09:00", "day:05:00-06:00"] {
            assert!(daily(wrong).is_none() && weekly(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn windows_overlap_on_some_day_of_the_week() {
        let check = |week: &str, day: &str, expected: bool| {
            let (weekly, daily) = (weekly(week).expect("weekly"), daily(day).expect("daily"));
            assert_eq!(weekly.overlaps(&daily), expected, "{week} and {day}");
        };
        check("sun:05:00-sun:06:00", "07:00-08:00", false);
        check("sun:05:00-sun:06:00", "06:00-07:00", false);
        check("sun:05:00-sun:06:00", "04:30-05:30", true);
        check("sun:05:00-sun:09:00", "07:00-08:00", true);
        check("sun:23:30-mon:00:30", "00:00-01:00", true);
        check("mon:00:00-mon:01:00", "23:30-00:30", true);
    }

    #[test]
    fn a_label_is_always_the_same_for_a_group() {
        assert_eq!(invented_label("cache"), invented_label("cache"));
        assert_ne!(invented_label("cache"), invented_label("cart"));
        assert_eq!(invented_label("").len(), 6);
    }
}
