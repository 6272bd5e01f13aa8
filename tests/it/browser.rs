//! Pages in a real browser: they say no error, ask nothing of the network, and can be used by
//! button, key and address. Where no Chromium is installed these tests pass, and say so on stderr.

use serde_json::Value;

use crate::player::{BAD, badly_named};
use crate::support::browser::{PROJECTED, open};
use crate::support::ecsim;

/// A page that `ecsim replay` writes.
fn page(arguments: &[&str]) -> String {
    let mut all = vec!["replay"];
    all.extend(arguments);
    all.extend(["--format", "html"]);
    let output = ecsim(&all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("pages are UTF-8")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn a_replay_is_used_by_button_key_and_address() {
    let page = page(&["scenarios/az-outage.toml"]);
    let driver = "
        const at = () => ({ hash: location.hash, count: byId('count').textContent,
          live: byId('live').textContent, now: byId('now-title').textContent,
          current: document.querySelector('[aria-current]').id });
        const r = { start: at() };
        byId('forth').click(); byId('forth').click(); byId('forth').click(); r.third = at();
        byId('back').click(); r.second = at();
        key('ArrowRight'); r.right = at();
        key('ArrowLeft'); r.left = at();
        key('End'); r.end = at();
        key('Home'); r.home = at();
        key('?'); r.help = byId('keys').open; byId('close').click(); r.closed = !byId('keys').open;
        location.hash = '#event=2'; await wait(50);
        const whys = () => [...document.querySelectorAll('#whys .why, #now .why')];
        r.closed_whys = whys().filter((it) => it.open).length;
        key('w'); r.open_whys = whys().filter((it) => it.open).length;
        r.answers = whys().map((it) => it.textContent).join(' ');
        key('w'); r.closed_again = whys().filter((it) => it.open).length;
        const speed = byId('speed'), usual = Number(speed.value);
        key('+'); r.faster = Number(speed.value) > usual;
        key('-'); key('-'); r.slower = Number(speed.value) < usual; key('+');
        location.hash = '#t=10m1s'; await wait(50); r.asked = at();
        location.hash = '#event=4'; await wait(50); r.linked = at();
        location.hash = '#t=soon'; await wait(50); r.wrong = at();
        location.hash = '#event=999'; await wait(50); r.beyond = at();
        location.hash = '#t=99y'; await wait(50); r.after = at();
        r.noticed = !byId('notice').hidden && byId('notice').textContent;
        location.hash = '#%zz'; await wait(50); r.unread = at();
        location.hash = '#t=10m1s'; await wait(50);
        r.between = [byId('now-title').textContent, document.body.className];
        key('Home'); key(' '); r.plays = byId('play').getAttribute('aria-pressed');
        await wait(9000); r.played = at();
        byId('play').click(); r.stopped = byId('play').getAttribute('aria-pressed');
        const held = at().count; await wait(9000); r.holds = held === at().count;
        return r;";
    let Some(seen) = open(&page, ("", PROJECTED), driver) else { return };
    seen.is_quiet();
    let r = &seen.result;
    let at = |step: &str, event: &str| {
        assert_eq!(text(&r[step]["hash"]), format!("#event={event}"), "{step}");
        assert_eq!(text(&r[step]["current"]), format!("e{event}"), "{step}");
    };
    assert_eq!(text(&r["start"]["hash"]), "", "a page that is just opened has its own address");
    at("third", "3");
    at("second", "2");
    at("right", "3");
    at("left", "2");
    at("home", "0");
    assert!(text(&r["end"]["hash"]).len() >= "#event=9".len());
    assert!(text(&r["third"]["live"]).starts_with("Event 3 of "), "{}", r["third"]);
    assert_eq!((&r["help"], &r["closed"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!((&r["closed_whys"], &r["closed_again"]), (&0.into(), &0.into()));
    assert!(r["open_whys"].as_u64() >= Some(1), "{}", r["open_whys"]);
    assert!(text(&r["answers"]).contains("declared failed only now?"), "{}", r["answers"]);
    assert_eq!((&r["faster"], &r["slower"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(text(&r["asked"]["current"]), "e1", "the AZ failed at 10 m");
    assert_eq!(text(&r["linked"]["current"]), "e4");
    assert!(text(&r["wrong"]["live"]).contains("no such moment"), "{}", r["wrong"]);
    assert_eq!(r["beyond"]["current"], r["end"]["current"]);
    assert!(text(&r["beyond"]["live"]).contains("no such event: 999"), "{}", r["beyond"]);
    assert!(text(&r["after"]["live"]).contains("The replay ends at"), "{}", r["after"]);
    assert_eq!(r["noticed"], r["after"]["live"], "it is seen, too");
    assert!(text(&r["unread"]["live"]).contains("no such moment: #%zz"), "{}", r["unread"]);
    assert_eq!(r["between"], serde_json::json!(["Last event, 1s before", "between"]));
    assert_eq!((text(&r["plays"]), text(&r["stopped"])), ("true", "false"));
    assert_ne!(r["played"]["count"], r["home"]["count"], "it plays");
    assert_eq!(r["holds"], Value::Bool(true), "a pause is one");
}

#[test]
fn a_replay_has_structure_and_room() {
    let page = page(&["scenarios/az-outage.toml"]);
    let driver = "
        return {
          headings: [...document.querySelectorAll('h1, h2, h3')].map((h) => h.tagName),
          unnamed: [...document.querySelectorAll('button, input, select, section, svg[role=img]')]
            .filter((it) => !(it.textContent.trim() || it.getAttribute('aria-label') ||
              it.getAttribute('aria-labelledby') || it.closest('label'))).length,
          live: byId('live').getAttribute('aria-live'),
          lanes: [...document.querySelectorAll('.az')].map(box),
          nodes: [...document.querySelectorAll('.node')].map((node) =>
            ({ node: box(node), lane: box(node.closest('.az')) })),
          clients: box(document.querySelector('.clients')),
          wide: document.documentElement.scrollWidth - innerWidth,
          bad: document.querySelectorAll('.az.bad').length,
          shaded: document.querySelectorAll('.times .out').length,
          marks: document.querySelectorAll('#times .mark').length,
          refused: document.querySelectorAll('.shard.refused').length,
          lines: document.querySelectorAll('.stage .links .refused').length,
        };";
    let Some(seen) = open(&page, ("#event=1", PROJECTED), driver) else { return };
    seen.is_quiet();
    let r = &seen.result;
    let headings: Vec<&str> = r["headings"].as_array().expect("a list").iter().map(text).collect();
    assert_eq!(headings.iter().filter(|tag| **tag == "H1").count(), 1);
    let deepens =
        |pair: &[&str]| pair[0] < pair[1] && pair[0].as_bytes()[1] + 1 < pair[1].as_bytes()[1];
    assert!(!headings.windows(2).any(deepens), "{headings:?}");
    assert_eq!(r["unnamed"], 0);
    assert_eq!(text(&r["live"]), "polite");
    let side = |value: &Value, side: &str| value[side].as_f64().expect("a number");
    let lanes = r["lanes"].as_array().expect("a list");
    assert_eq!(lanes.len(), 3, "one lane per AZ");
    for pair in lanes.windows(2) {
        assert!(side(&pair[0], "right") <= side(&pair[1], "left"), "lanes side by side: {lanes:?}");
        assert_eq!(side(&pair[0], "top"), side(&pair[1], "top"));
    }
    for pair in r["nodes"].as_array().expect("a list") {
        let (node, lane) = (&pair["node"], &pair["lane"]);
        assert!(side(lane, "left") <= side(node, "left"), "{pair}");
        assert!(side(node, "right") <= side(lane, "right"), "{pair}");
        assert!(side(&r["clients"], "bottom") <= side(node, "top"), "clients above: {pair}");
        assert!(side(node, "bottom") <= 720.0, "seen without scrolling: {pair}");
    }
    assert_eq!(r["wide"], 0, "nothing sticks out");
    assert_eq!((&r["bad"], &r["refused"], &r["lines"]), (&1.into(), &1.into(), &1.into()));
    assert!(r["shaded"].as_u64() >= Some(3), "the outage is shaded, phase by phase");
    assert_eq!(r["marks"], 1, "one promotion loses writes");
}

#[test]
fn a_bar_of_time_gives_nothing_away_and_paper_has_all() {
    let page = page(&["scenarios/customer-reboot.toml"]);
    let driver = "
        const wide = () => Number(document.querySelector('.past').getAttribute('width'));
        const label = () => document.querySelector('.times').getAttribute('aria-label');
        const tags = () => [...document.querySelectorAll('.emptied')].map((it) => it.textContent);
        const r = { start: wide(), label: label(), none: tags() };
        byId('ahead').click(); r.all = wide(); r.hash = location.hash;
        byId('ahead').click(); r.some = wide();
        key('ArrowRight'); r.first = wide();
        key('ArrowRight'); r.tags = tags();
        r.changed = document.querySelectorAll('.changed').length;
        key('End'); r.end = wide(); key('Home'); r.seen = wide(); r.told = label();
        const paper = () => [...document.querySelectorAll('.story .why')].filter((it) => it.open);
        r.closed = paper().length;
        window.dispatchEvent(new Event('beforeprint'));
        r.printed = paper().length; r.title = byId('story-title').textContent;
        window.dispatchEvent(new Event('afterprint'));
        r.after = paper().length;
        location.hash = '#event=1&all'; await wait(50); r.asked = byId('ahead').checked;
        return r;";
    let Some(seen) = open(&page, ("", PROJECTED), driver) else { return };
    seen.is_quiet();
    let r = &seen.result;
    let wide = |what: &str| r[what].as_f64().expect("a number");
    assert!(wide("start") < 20.0 && wide("start") < wide("first"), "{r}");
    assert!(wide("first") < wide("all") && wide("some") == wide("start"), "{r}");
    assert_eq!((wide("end"), wide("seen")), (wide("all"), wide("all")), "the end was seen");
    assert!(!text(&r["label"]).contains("lost") && text(&r["told"]).contains("lost"), "{r}");
    assert_eq!(text(&r["hash"]), "#event=0&all");
    assert_eq!(r["asked"], true);
    let tags = serde_json::json!(["has no data", "dropped its copy", "dropped its copy"]);
    assert_eq!((&r["none"], &r["tags"]), (&serde_json::json!([]), &tags));
    assert_eq!(r["changed"], 3, "a replica that lost its copy has changed");
    assert_eq!((&r["closed"], &r["after"]), (&0.into(), &0.into()));
    assert!(r["printed"].as_u64() >= Some(3), "{r}");
    assert_eq!(text(&r["title"]), "What happens");
}

#[test]
fn two_policies_share_a_clock() {
    let page = page(&[
        "scenarios/policy-study.toml",
        "--policy",
        "Multi-AZ, 1+2",
        "--policy",
        "no failover",
        "--trial",
        "worst-outage",
    ]);
    let driver = "
        key('End');
        const names = [...document.querySelectorAll('.panel > h2')].map((it) => it.textContent);
        const panels = [...document.querySelectorAll('.panel')].map(box);
        const bars = document.querySelectorAll('#times > svg').length;
        const cursors = [...document.querySelectorAll('.cursor')].map((c) => c.getAttribute('x1'));
        const lanes = [...document.querySelectorAll('.azs')].map((it) => box(it).top);
        const parts = [];
        key('Home');
        for (let n = 0; n < 8; n++) {
          key('ArrowRight');
          parts.push([...document.querySelectorAll('#now .policy')].map((it) => it.textContent));
        }
        const which = document.querySelector('.which').textContent;
        return { names, panels, bars, cursors, lanes, parts, which,
          wide: document.documentElement.scrollWidth - innerWidth };";
    let Some(seen) = open(&page, ("", PROJECTED), driver) else { return };
    seen.is_quiet();
    let r = &seen.result;
    assert_eq!(r["names"], serde_json::json!(["Multi-AZ, 1+2", "no failover"]));
    assert_eq!(r["panels"][0]["top"], r["panels"][1]["top"], "side by side");
    assert_eq!(r["bars"], 2);
    assert_eq!(r["lanes"][0], r["lanes"][1], "AZs beside AZs");
    for parts in r["parts"].as_array().expect("a list") {
        assert_eq!(*parts, r["names"], "each side says what happens there, or that nothing does");
    }
    assert!(text(&r["which"]).contains("(worst-outage of 'Multi-AZ, 1+2')"), "{}", r["which"]);
    assert_eq!(r["cursors"][0], r["cursors"][1]);
    assert_eq!(r["wide"], 0);
}

#[test]
fn names_with_markup_are_shown_as_they_are() {
    let (page, _) = badly_named();
    let driver = "
        key('End');
        return { name: document.querySelector('.node .name').textContent,
          az: document.querySelector('.az h3').textContent, title: document.title,
          bold: document.querySelectorAll('main b b').length };";
    let Some(seen) = open(&page, ("", PROJECTED), driver) else { return };
    seen.is_quiet();
    assert_eq!(text(&seen.result["name"]), BAD);
    assert!(text(&seen.result["az"]).contains(BAD) && text(&seen.result["title"]).contains(BAD));
    assert_eq!(seen.result["bold"], 0);
}
