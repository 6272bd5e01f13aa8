//! Pages opened in a real browser: headless Chromium, where one is installed.
//!
//! A test gives a page and a driver, the body of an asynchronous function in JavaScript that uses
//! the page as a person would and returns what it saw. Both run in a copy of the page, beside a
//! hook that notes errors; nothing leaves the machine, since no name is resolved. The clock of the
//! page is virtual, so waiting costs nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::root;

/// Names under which Chromium is installed; `CHROMIUM` names another.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser that says nothing for so long never will.
const PATIENCE: Duration = Duration::from_secs(90);

/// How large the window is, in pixels, and what its reader likes.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub theme: Theme,
}

/// What a reader likes pages to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    Light,
    Dark,
}

/// A projector in a class room.
pub const PROJECTED: Window = Window { width: 1280, height: 720, theme: Theme::Light };

/// What was seen of a page.
#[derive(Debug)]
pub struct Seen {
    /// What the driver returned.
    pub result: Value,
    /// Errors of scripts, violations of the page's own policy, and all that the console got.
    pub errors: Vec<String>,
    /// What the page asked for beside itself.
    pub requests: Vec<String>,
}

impl Seen {
    /// Neither errors nor requests, which no page of ours may have.
    pub fn is_quiet(&self) {
        assert!(self.errors.is_empty(), "{:#?}", self.errors);
        assert!(self.requests.is_empty(), "{:#?}", self.requests);
    }
}

/// The browser, if there is one; says on stderr if not.
pub fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let installed = NAMES.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
    let found = named.into_iter().chain(installed).find(|path| path.is_file());
    let is_required = std::env::var_os("REQUIRE_BROWSER").is_some();
    assert!(found.is_some() || !is_required, "no Chromium, and REQUIRE_BROWSER is set");
    if found.is_none() {
        eprintln!("no Chromium is installed: pages are not opened (CHROMIUM can name one)");
    }
    found
}

/// Opens a page at an address within it (`#event=3`, or nothing) and lets the driver use it;
/// nothing where there is no browser.
pub fn open(page: &str, (address, window): (&str, Window), driver: &str) -> Option<Seen> {
    let browser = browser()?;
    let folder = Folder::new();
    let file = folder.0.join("page.html");
    std::fs::write(&file, hooked(page, driver)).expect("the folder is ours");
    let url = format!("file://{}{address}", file.display());
    let out =
        run(&browser, &folder.0, (&["--virtual-time-budget=60000", "--dump-dom"], &url, window));
    let (dom, log) = out;
    let encoded = dom.split("data-seen=\"").nth(1).and_then(|rest| rest.split('"').next());
    let encoded = encoded.unwrap_or_else(|| panic!("the driver never ended\n{log}\n{dom}"));
    let mut seen: Value = serde_json::from_str(&unhex(encoded)).expect("the hook writes JSON");
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().expect("the hook writes arrays").iter();
        all.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut errors = texts(&seen["errors"]);
    errors.extend(log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned));
    Some(Seen { result: seen["result"].take(), errors, requests: texts(&seen["requests"]) })
}

/// A picture of a page as PNG; nothing where there is no browser.
pub fn screenshot(page: &str, (address, window): (&str, Window)) -> Option<Vec<u8>> {
    let browser = browser()?;
    let folder = Folder::new();
    let (file, png) = (folder.0.join("page.html"), folder.0.join("page.png"));
    std::fs::write(&file, page).expect("the folder is ours");
    let url = format!("file://{}{address}", file.display());
    let option = format!("--screenshot={}", png.display());
    run(&browser, &folder.0, (&["--virtual-time-budget=2000", &option], &url, window));
    Some(std::fs::read(&png).expect("the browser writes what it is asked for"))
}

/// A folder that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("browser-{}-{n}", std::process::id());
        let folder = root().join("target").join("tmp").join(name);
        std::fs::create_dir_all(&folder).expect("the build folder can be written");
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the build folder, where it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the browser to its end; gives what it wrote and what it logged.
fn run(
    browser: &Path,
    folder: &Path,
    (options, url, window): (&[&str], &str, Window),
) -> (String, String) {
    let (out, log) = (folder.join("out"), folder.join("log"));
    let theme = match window.theme {
        Theme::Light => "--blink-settings=preferredColorScheme=1",
        Theme::Dark => "--blink-settings=preferredColorScheme=0",
    };
    let create = |path: &Path| std::fs::File::create(path).expect("the folder is ours");
    let mut child = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--hide-scrollbars", "--disable-extensions", "--mute-audio"])
        .args(["--disable-background-networking", "--disable-component-update"])
        .args(["--enable-logging=stderr", "--v=0", "--host-resolver-rules=MAP * ~NOTFOUND"])
        .arg(format!("--window-size={},{}", window.width, window.height))
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(theme)
        .args(options)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(create(&out))
        .stderr(create(&log))
        .spawn()
        .expect("the browser starts");
    let begun = Instant::now();
    while child.try_wait().expect("the browser is ours").is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().expect("the browser is ours");
            child.wait().expect("the browser is ours");
            panic!("the browser does not end: {}", read(&log));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    (read(&out), read(&log))
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The page with the hook before all else, and the driver after it.
fn hooked(page: &str, driver: &str) -> String {
    let hook = "<head><script>
        window.seen = { errors: [], requests: [], result: null };
        window.addEventListener('error', (e) => seen.errors.push(String(e.message)), true);
        window.addEventListener('unhandledrejection', (e) => seen.errors.push(String(e.reason)));
        document.addEventListener('securitypolicyviolation',
          (e) => seen.errors.push(`${e.violatedDirective} ${e.blockedURI}`));
        </script>";
    let tail = format!(
        "<script>
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const key = (key) => document.activeElement.dispatchEvent(
          new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
        const byId = (id) => document.getElementById(id);
        const box = (element) => {{
          const {{ left, right, top, bottom }} = element.getBoundingClientRect();
          return {{ left, right, top, bottom }};
        }};
        window.addEventListener('load', async () => {{
          try {{
            seen.result = await (async () => {{ {driver} }})();
          }} catch (error) {{ seen.errors.push(String(error.stack || error)); }}
          const entries = performance.getEntriesByType('resource');
          seen.requests.push(...entries.map((entry) => entry.name));
          const bytes = new TextEncoder().encode(JSON.stringify(seen));
          document.body.dataset.seen =
            Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
        }});
        </script></body>"
    );
    // A page without scripts forbids them; the driver is none of its own.
    let page = match page.contains("script-src") {
        true => page.to_owned(),
        false => {
            page.replacen("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'", 1)
        }
    };
    let page = page.replacen("<head>", hook, 1);
    let end = page.rfind("</body>").expect("a page has a body");
    format!("{}{tail}{}", &page[..end], &page[end + "</body>".len()..])
}

fn unhex(text: &str) -> String {
    let byte = |n: usize| u8::from_str_radix(&text[n..n + 2], 16).expect("the hook writes hex");
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes).expect("the hook writes UTF-8")
}
