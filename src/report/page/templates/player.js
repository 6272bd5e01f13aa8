"use strict";
// Plays the scene that stands in this page: two kinds of things, both written by ecsim. What is
// said stands in the list of events; what is drawn stands as JSON in the element "scene", as
// changes from frame to frame. Nothing is asked of any network, and every name is set as text.
(() => {
  const byId = (id) => document.getElementById(id);
  const scene = JSON.parse(byId("scene").textContent);
  const { steps, panels } = scene;
  const last = steps.length - 1;
  const SVG = "http://www.w3.org/2000/svg";

  /** An element with attributes and children; text is text, never markup. */
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  /** The same in a picture. */
  const draw = (name, attributes = {}, ...children) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // ---- What is so at each step -----------------------------------------------------------------

  /** Lays the changes of a panel's frames on one another: everything, step by step. */
  function unfold(panel) {
    let now = { nodes: [], azs: [], shards: [], totals: {}, emptied: {} };
    return panel.frames.map((frame) => {
      const next = { ...now, emptied: frame.emptied ?? {} };
      for (const key of ["nodes", "azs", "shards"]) {
        if (!frame[key]) continue;
        next[key] = now[key].slice();
        for (const [n, value] of Object.entries(frame[key])) next[key][n] = value;
      }
      if (frame.totals) next.totals = frame.totals;
      now = next;
      return now;
    });
  }
  const states = panels.map(unfold);

  // ---- Time: quiet time is skipped, so that seconds and months fit one picture ------------------

  /** Longer gaps than this in which nothing is under way are told as such. */
  const LONG = 600e6;
  /** Whether some shard takes no writes after a step. */
  const isOut = (n) =>
    states.some((state) => state[n].shards.some((shard) => shard.writes === "refused"));
  /** How long the player waits before each step, in seconds at speed 1: grows like a logarithm, and
      outages get twice the room. */
  const waits = steps.map((step, n) => {
    if (n === 0) return 0;
    const seconds = (step.at - steps[n - 1].at) / 1e6;
    return (0.9 + 0.8 * Math.log10(1 + seconds)) * (isOut(n - 1) ? 2 : 1);
  });
  /** Where each step lies on the axis of time. */
  const places = [];
  waits.reduce((sum, wait, n) => (places[n] = sum + wait), 0);
  const whole = places[last] || 1;

  /** Where a moment lies between two steps. */
  function place(at) {
    let n = steps.findIndex((step) => step.at >= at);
    if (n < 0) n = last;
    if (n === 0) return 0;
    const [from, to] = [steps[n - 1].at, steps[n].at];
    const part = to > from ? (at - from) / (to - from) : 1;
    return places[n - 1] + part * (places[n] - places[n - 1]);
  }

  /** "01:00:15.000", with days before it, as the list writes moments. */
  function clock(micros) {
    const pad = (value, digits) => String(value).padStart(digits, "0");
    const ms = Math.floor(micros / 1000);
    const s = Math.floor(ms / 1000);
    const days = Math.floor(s / 86400);
    const time = `${pad(Math.floor(s / 3600) % 24, 2)}:${pad(Math.floor(s / 60) % 60, 2)}:` +
      `${pad(s % 60, 2)}.${pad(ms % 1000, 3)}`;
    return days > 0 ? `${days}d ${time}` : time;
  }

  // ---- The panels: AZs as lanes, nodes in them -------------------------------------------------

  const SIGNS = {
    primary: ["P", "primary: takes the writes"],
    replica: ["R", "replica: has a complete copy"],
    sync: ["S", "full sync: copies everything, serves nobody"],
    down: ["✕", "down: host and memory are lost"],
    crashed: ["C", "process down: memory is lost"],
    reboot: ["B", "rebooting: memory is lost"],
    waits: ["W", "waits for its AZ"],
    new: ["N", "a new node is on its way"],
    empty: ["E", "answers, and is empty"],
    reading: ["L", "reads its log"],
    former: ["F", "former primary, cut off: does not know of its successor"],
    absent: ["–", "not there"],
  };
  const sign = (is) => make("span", { class: `sign ${is}`, "aria-hidden": "true" }, SIGNS[is][0]);
  /** In a group with more nodes, most shards are only counted. */
  const MANY = 24;

  const views = panels.map((panel, n) => {
    const view = {
      sums: make("ul", { class: "sums" }),
      clients: make("ul", { class: "clients", "aria-label": "Clients, by shard" }),
      links: draw("svg", { class: "links", "aria-hidden": "true" }),
      // From clients, behind the nodes that stand in the way.
      streams: draw("svg", { class: "links behind", "aria-hidden": "true" }),
      shards: panel.shards.map(() => make("li")),
      azs: panel.azs.map(() => make("li")),
      states: panel.azs.map(() => make("span")),
      others: panel.azs.map(() => make("p", { class: "lag" })),
      nodes: panel.nodes.map(() => make("li")),
      calm: make("li", { class: "shard taken" }),
    };
    view.clients.append(...view.shards, view.calm);
    view.clients.classList.toggle("several", panel.shards.length > 1);
    view.lanes = make("ul", { class: "azs", "aria-label": "Availability zones" });
    panel.azs.forEach((name, az) => {
      const nodes = make("ul", { class: "nodes" });
      nodes.append(...view.nodes.filter((_, node) => panel.nodes[node].az === az));
      view.azs[az].append(make("h3", {}, `AZ ${name} `, view.states[az]), nodes, view.others[az]);
      view.lanes.append(view.azs[az]);
    });
    view.stage = make("div", { class: "stage" }, view.clients, view.lanes, view.streams,
      view.links);
    const [first, ...others] = panels.length > 1 ? [panel.name, ...panel.about] : panel.about;
    const title = make("h2", { id: `panel-${n}` }, first);
    const labelled = { class: "panel", "aria-labelledby": `panel-${n}` };
    const about = others.map((line) => make("p", { class: "about" }, line));
    view.section = make("section", labelled, title, ...about, view.sums, view.stage);
    byId("panels").append(view.section);
    return view;
  });

  function showSums(view, totals, counted) {
    const sum = (what, value, bad) =>
      make("li", bad ? { class: "bad" } : {}, `${what} `, make("b", {}, value));
    const gone = `${totals.datasets}, with ${totals.gone} writes`;
    view.sums.replaceChildren(
      sum("lost writes", totals.lost, totals.bad),
      ...(totals.datasets ? [sum("datasets lost", gone, true)] : []),
      sum("rejected writes (clients know)", totals.rejected, false),
      sum("failovers", totals.failovers, false),
      ...(counted ? [make("li", { class: "counted" }, counted)] : []));
  }

  /** What is said beside the sums of a trial with a warm-up. */
  function counted({ warmUp }, at) {
    if (!warmUp) return "";
    if (at < warmUp.at) return `warm-up: nothing counts before ${warmUp.says}`;
    return `counted from ${warmUp.says} on`;
  }

  function showNode(item, node, [now, before], emptied) {
    const cut = now.reach === "cut off" ? " cut" : "";
    const isOther = before && JSON.stringify(before) !== JSON.stringify(now);
    const changed = isOther || emptied ? " changed" : "";
    item.className = `node ${now.is}${cut}${changed}`;
    item.replaceChildren(
      sign(now.is),
      make("span", { class: "name" }, node.name),
      make("span", { class: "role" }, now.says));
    if (now.reach) item.append(make("span", { class: "reach" }, now.reach));
    if (emptied) item.append(make("span", { class: "emptied" }, emptied));
    const lags = now.lag ? [now.lag, now.lacks] : [];
    item.append(...lags.map((text) => make("span", { class: "lag" }, text)));
  }

  function showShard(item, panel, n, now) {
    const shard = panel.shards[n];
    item.className = `shard ${now.writes}`;
    const who = panel.shards.length > 1 ? `clients of ${shard.id}` : "clients";
    item.replaceChildren(
      make("b", {}, shard.rate ? `${who}: ${shard.rate}` : who),
      make("span", { class: "says" }, `${now.writes === "refused" ? "✕ " : ""}${now.says}`));
    if (now.beside) item.append(make("span", { class: "beside" }, now.beside));
  }

  /** The shards of a large group for which there is no room: those that nothing happens to, and
      of the others those beyond the first. What changes at this event comes before what is out. */
  function hiddenShards(panel, state, before) {
    if (panel.nodes.length <= MANY) return new Set();
    const [changed, out] = [new Set(), new Set()];
    state.shards.forEach((shard, s) => {
      if (shard !== before.shards[s]) changed.add(s);
      if (shard.writes !== "taken") out.add(s);
    });
    state.nodes.forEach((node, i) => {
      const { shard } = panel.nodes[i];
      if (node !== before.nodes[i] || state.emptied[i]) changed.add(shard);
      if (!isWell(node)) out.add(shard);
    });
    const most = Math.max(4, Math.floor((MANY * panel.shards.length) / panel.nodes.length));
    const seen = new Set([...new Set([...changed, ...out])].slice(0, most));
    return new Set([...panel.shards.keys()].filter((s) => !seen.has(s)));
  }

  const isWell = (node) => ["primary", "replica", "absent"].includes(node.is) && !node.reach;

  /** "12 × down; 3 × full sync": what there is, and how much of it. */
  function tallied(words) {
    const counts = new Map();
    words.forEach((word) => counts.set(word, (counts.get(word) ?? 0) + 1));
    return [...counts].map(([word, n]) => `${n} × ${word}`).join("; ");
  }

  /** Hides shards, and says what they are, in sum. */
  function hideShards(panel, view, state, hidden) {
    view.shards.forEach((item, s) => (item.hidden = hidden.has(s)));
    view.nodes.forEach((item, i) => (item.hidden = hidden.has(panel.nodes[i].shard)));
    view.calm.hidden = hidden.size === 0;
    const shards = [...hidden].map((s) => state.shards[s]);
    const which = hidden.size === panel.shards.length ? "all" : "the other";
    const isTaken = shards.every((shard) => shard.writes === "taken");
    view.calm.className = isTaken ? "shard taken" : "shard doubtful";
    const says = isTaken ? "writes are taken" : tallied(shards.map((shard) => shard.says));
    view.calm.textContent = `${which} ${hidden.size} shards: ${says}`;
    view.others.forEach((item, az) => {
      const isHere = (node, i) => panel.nodes[i].az === az && hidden.has(panel.nodes[i].shard);
      const nodes = state.nodes.filter(isHere);
      item.hidden = nodes.length === 0;
      const calm = "nothing happens to them";
      const says = nodes.every(isWell) ? calm : tallied(nodes.map((node) => node.says));
      item.textContent = `${nodes.length} nodes not shown: ${says}`;
    });
  }

  function showPanel(n, step) {
    const [panel, view, state] = [panels[n], views[n], states[n][step]];
    const before = step > 0 ? states[n][step - 1] : state;
    showSums(view, state.totals, counted(panel, steps[step].at));
    state.shards.forEach((shard, s) => showShard(view.shards[s], panel, s, shard));
    state.azs.forEach((az, a) => {
      view.azs[a].className = az === "up" ? "az" : "az bad";
      view.states[a].className = "state";
      view.states[a].textContent = az;
    });
    state.nodes.forEach((node, i) =>
      showNode(view.nodes[i], panel.nodes[i], [node, before.nodes[i]], state.emptied[i]));
    hideShards(panel, view, state, hiddenShards(panel, state, before));
  }

  /** Panels that stand side by side have their AZs at the same height; streams are drawn then. */
  function align(step) {
    views.forEach((view) => (view.lanes.style.marginTop = ""));
    const tops = (what) => views.map((view) => view[what].getBoundingClientRect().top);
    if (new Set(tops("section")).size === 1) {
      const lanes = tops("lanes");
      const lowest = Math.max(...lanes);
      views.forEach((view, n) => (view.lanes.style.marginTop = `${lowest - lanes[n]}px`));
    }
    panels.forEach((_, n) => link(n, states[n][step]));
  }

  // ---- The streams: from clients to primaries, and from those to replicas -----------------------

  function link(n, state) {
    const [panel, view] = [panels[n], views[n]];
    const origin = view.stage.getBoundingClientRect();
    const box = (element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { x: (left + right) / 2 - origin.left, left: left - origin.left,
        right: right - origin.left, top: top - origin.top, bottom: bottom - origin.top };
    };
    const [streams, copies] = [[], []];
    const path = (lines, kind, d) => lines.push(draw("path", { class: kind, d }));
    const roof = view.clients.getBoundingClientRect().bottom - origin.top;
    const kinds = { taken: "taken", doubtful: "doubtful", parted: "doubtful", refused: "refused" };
    state.shards.forEach((shard, s) => {
      const kind = kinds[shard.writes];
      if (!kind || view.shards[s].hidden) return;
      const [from, to] = [box(view.shards[s]), box(view.nodes[shard.endpoint])];
      // What is refused comes no further than to the door of the AZ.
      const lane = box(view.azs[panel.nodes[shard.endpoint].az]);
      const end = kind === "refused" ? lane.top - 2 : to.top - 4;
      path(streams, kind, `M${from.x} ${roof + 2}L${to.x} ${end}`);
      if (kind === "refused") {
        // The cross stands in the gap between clients and lanes.
        const part = 16 / (end - roof);
        const [x, y] = [from.x + part * (to.x - from.x), roof + 16];
        path(streams, "cross", `M${x - 8} ${y - 8}l16 16M${x - 8} ${y + 8}l16 -16`);
      }
    });
    if (view.nodes.filter((item) => !item.hidden).length <= MANY) {
      const at = (k) => box(view.nodes[k].querySelector(".sign"));
      panel.nodes.forEach((node, i) => {
        const primary = state.shards[node.shard].primary;
        const source = state.nodes[primary];
        const now = state.nodes[i];
        const kind = { replica: "copy", sync: "sync" }[now.is];
        const flows = source.is === "primary" && !source.reach && !now.reach;
        if (i === primary || !kind || !flows || view.nodes[i].hidden) return;
        // An arc from sign to sign, over the cards between them.
        const [from, to] = [at(primary), at(i)];
        const top = Math.min(from.top, to.top) - 30 - Math.abs(to.x - from.x) / 40;
        const bend = `C${from.x} ${top} ${to.x} ${top}`;
        path(copies, kind, `M${from.x} ${from.top - 3}${bend} ${to.x} ${to.top - 3}`);
      });
    }
    view.streams.replaceChildren(...streams);
    view.links.replaceChildren(...copies);
  }

  const bars = timeBars({ scene, axis: { places, whole, place, LONG },
    tools: { byId, draw, clock }, chosen: (n) => go(n, "by hand") });

  // ---- Which step is shown ---------------------------------------------------------------------

  const items = steps.map((_, n) => byId(`e${n}`));
  /** The step that is shown, and the spot on the axis, which may lie after it. */
  let shown = -1;
  let spot = 0;
  /** The furthest spot that was shown: the bar of time has what is before it, unless the switch
      asks for what comes; then the address says so, too. */
  let furthest = 0;
  const ahead = byId("ahead");
  let asksForAll = false;

  /** What a step says, as text to be read aloud. */
  function spoken(n) {
    const lines = [...items[n].querySelectorAll(".told li")].map((line) => line.textContent.trim());
    return `Event ${n} of ${last}, ${steps[n].clock}. ${lines.join(". ")}`;
  }

  function showNow(n) {
    const parts = [...items[n].querySelectorAll(".part")].map((part) => part.cloneNode(true));
    const nothing = (panel) => make("div", { class: "part" },
      make("p", { class: "policy" }, panel.name),
      make("p", { class: "note" }, "nothing happens here at this moment"));
    const ofPanel = (k) => parts.find((part) => part.dataset.panel === String(k));
    byId("now").replaceChildren(...panels.map((panel, k) => ofPanel(k) ?? nothing(panel)));
    // Beside one panel there is little room for tables, and below it there is much.
    const whys = panels.length > 1 ? [] : document.querySelectorAll("#now .why");
    byId("whys").replaceChildren(...whys);
    const hint = "Next →, or the right arrow, goes to the first event; space plays.";
    if (n === 0) byId("now").append(make("p", { class: "note" }, hint));
  }

  function showList(n) {
    items.forEach((item, k) => {
      item.hidden = k > n;
      if (k === n) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
  }

  const showAddress = () =>
    history.replaceState(null, "", `#event=${shown}${asksForAll ? "&all" : ""}`);

  /** Goes to a step, "by hand", "playing" or "by address". */
  function go(n, how) {
    n = Math.min(Math.max(n, 0), last);
    byId("notice").hidden = true;
    // Whoever has seen the end has nothing left to predict.
    if (n === last) ahead.checked = true;
    if (how !== "playing") {
      spot = places[n];
      stop();
    }
    if (n !== shown) {
      shown = n;
      panels.forEach((_, k) => showPanel(k, n));
      align(n);
      showNow(n);
      showList(n);
      byId("live").textContent = spoken(n);
      byId("scrub").setAttribute("aria-valuetext", `event ${n} of ${last}, ${steps[n].clock}`);
      byId("count").textContent = `event ${n} of ${last}`;
    }
    if (how !== "by address") showAddress();
    showTime();
  }

  /** When that was which is told. Between two events nothing changes, and the frames around what
      changed are gone; while it plays they stay, or nobody would see them. */
  function showTitle(n, passed) {
    const isBetween = passed >= 1000 && !timer;
    const ago = isBetween ? `Last event, ${inWords(passed)} before` : `At ${steps[n].clock}`;
    byId("now-title").textContent = n === 0 ? "Before anything happens" : ago;
    document.body.classList.toggle("between", isBetween);
  }

  /** "2h 7m": the two greatest units of a length. */
  function inWords(micros) {
    let rest = micros / 1e6;
    if (rest < 60) return `${Number(rest.toPrecision(3))}s`;
    const units = Object.entries(UNITS).filter(([unit]) => unit !== "ms");
    const parts = units.map(([unit, seconds]) => {
      const n = Math.floor(rest / seconds);
      rest -= n * seconds;
      return [n, `${n}${unit}`];
    });
    const first = parts.findIndex(([n]) => n > 0);
    return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([, text]) => text).join(" ");
  }

  /** The clock and the cursor, between two steps while it plays. */
  function showTime() {
    const n = shown;
    const next = Math.min(n + 1, last);
    const room = places[next] - places[n];
    const part = room > 0 ? Math.min(Math.max((spot - places[n]) / room, 0), 1) : 0;
    const gap = steps[next].at - steps[n].at;
    byId("clock").textContent = clock(steps[n].at + part * gap);
    byId("scrub").value = spot;
    showTitle(n, part * gap);
    furthest = ahead.checked ? whole : Math.max(furthest, spot);
    bars.show(spot, furthest);
    // The last step is the end of the replay, and no event.
    const until = next < last ? "pass until the next event" : "pass until the end";
    const isStill = part === 0 && gap > LONG && n < last;
    const says = isStill ? `${steps[next].passed} ${until}` : "";
    byId("passes").hidden = !says || isOut(n);
    byId("passes").textContent = says;
  }

  // ---- Playing ---------------------------------------------------------------------------------

  const TICK = 40;
  let timer = 0;
  let since = 0;
  const speed = byId("speed");

  function play() {
    if (shown >= last) {
      go(0, "by hand");
    }
    since = performance.now();
    timer = setInterval(tick, TICK);
    tell("Pause", "true");
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    tell("Play", "false");
  }

  function tell(word, pressed) {
    byId("play").textContent = word;
    byId("play").setAttribute("aria-pressed", pressed);
    document.body.classList.toggle("plays", pressed === "true");
  }

  function tick() {
    const now = performance.now();
    spot = Math.min(spot + ((now - since) / 1000) * Number(speed.value), whole);
    since = now;
    while (shown < last && places[shown + 1] <= spot) go(shown + 1, "playing");
    showTime();
    if (shown >= last) stop();
  }

  const toggle = () => (timer ? stop() : play());

  // ---- The address -----------------------------------------------------------------------------

  const UNITS = { y: 31536000, d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 };

  /** The microseconds of "1h0m15s", or nothing. */
  function length(text) {
    const pattern = /(\d+(?:\.\d+)?)\s*(ms|[ydhms])/g;
    if (text.replace(pattern, "").trim() !== "" || text.trim() === "") return null;
    return [...text.matchAll(pattern)].reduce((sum, [, n, unit]) => sum + n * UNITS[unit], 0) * 1e6;
  }

  /** What the address asks for, or nothing where it cannot be read. */
  function wanted() {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return null;
    }
  }

  /** Says, seen and heard, that the address asks for what there is not. */
  function object(text) {
    byId("notice").textContent = text;
    byId("notice").hidden = false;
    byId("live").textContent = text;
  }

  /** Goes to where the address points; says so if it points nowhere. */
  function follow() {
    const asked = wanted();
    const words = (asked ?? "").split("&");
    if (words.includes("all")) asksForAll = ahead.checked = true;
    const [key, value = ""] = (words.find((word) => word !== "all") ?? "").split("=");
    if (key === "event" && /^\d+$/.test(value)) {
      go(Number(value), "by address");
      const there = `There is no such event: ${value}. The last one is event ${last}.`;
      if (Number(value) > last) object(there);
      return;
    }
    const at = key === "t" ? length(value) : null;
    if (at !== null) return followTime(at, value);
    if (shown < 0 || words.includes("all")) go(Math.max(shown, 0), "by address");
    if (asked === null || key === "t" || key === "event") {
      const what = asked ?? location.hash;
      object(`There is no such moment: ${what}. Ask as in t=1h0m15s or event=3.`);
    }
  }

  function followTime(at, asked) {
    // Half a millisecond on, for the list rounds what it shows.
    const n = steps.findLastIndex((step) => step.at <= at + 500);
    go(n, "by address");
    spot = Math.min(place(at), n < last ? places[n + 1] : whole);
    showTime();
    const end = `There is no such moment: ${asked}. The replay ends at ${steps[last].clock}.`;
    if (at > steps[last].at + 500) object(end);
  }

  // ---- Buttons and keys ------------------------------------------------------------------------

  const answers = () => [...document.querySelectorAll("#whys .why, #now .why")];
  const actions = {
    " ": toggle,
    ArrowRight: () => go(shown + 1, "by hand"),
    ArrowLeft: () => go(shown - 1, "by hand"),
    Home: () => go(0, "by hand"),
    End: () => go(last, "by hand"),
    "+": () => (speed.selectedIndex = Math.min(speed.selectedIndex + 1, speed.options.length - 1)),
    "-": () => (speed.selectedIndex = Math.max(speed.selectedIndex - 1, 0)),
    w: () => {
      const open = answers().some((it) => !it.open);
      answers().forEach((it) => (it.open = open));
    },
    "?": () => byId("keys").showModal(),
  };

  /** Whether the element does something of its own with the key. */
  function takes(element, key) {
    if (byId("keys").open || element.matches("select")) return true;
    return key === " " && element.matches("button, summary, a");
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = actions[event.key];
    if (!action || takes(event.target, event.key)) return;
    event.preventDefault();
    action();
  });
  const click = (id, action) => byId(id).addEventListener("click", action);
  click("first", actions.Home);
  click("back", actions.ArrowLeft);
  click("play", toggle);
  click("forth", actions.ArrowRight);
  click("last", actions.End);
  click("help", actions["?"]);
  click("close", () => byId("keys").close());
  ahead.addEventListener("change", () => {
    asksForAll = ahead.checked;
    if (!asksForAll) furthest = spot;
    showAddress();
    showTime();
  });
  byId("scrub").addEventListener("input", (event) => {
    const asked = Number(event.target.value);
    const far = (n) => Math.abs(places[n] - asked);
    go(steps.reduce((best, _, n) => (far(n) < far(best) ? n : best), 0), "by hand");
  });
  window.addEventListener("hashchange", follow);
  window.addEventListener("resize", () => {
    bars.redraw();
    showTime();
    align(shown);
  });

  // ---- Paper has all events and all answers ----------------------------------------------------

  const closed = () => [...document.querySelectorAll(".story .why")].filter((it) => !it.open);
  let opened = [];
  function ready(forWhat) {
    opened.forEach((it) => (it.open = false));
    opened = forWhat === "paper" ? closed() : [];
    opened.forEach((it) => (it.open = true));
    const title = forWhat === "paper" ? "What happens" : "What has happened so far";
    byId("story-title").textContent = title;
  }
  window.addEventListener("beforeprint", () => ready("paper"));
  window.addEventListener("afterprint", () => ready("screen"));

  // ---- The legend: only what occurs -------------------------------------------------------------

  function drawLegend() {
    const used = new Set(["primary", "replica"]);
    states.forEach((state) => state.forEach((it) => it.nodes.forEach((node) => used.add(node.is))));
    const entries = Object.entries(SIGNS).filter(([is]) => used.has(is));
    const sample = (kind, ...children) =>
      draw("svg", { class: kind, viewBox: "0 0 44 16", "aria-hidden": "true" }, ...children);
    const stream = (kind) => sample("links", draw("path", { class: kind, d: "M2 8H42" }));
    byId("legend").append(
      ...entries.map(([is, [, says]]) => make("li", {}, sign(is), says)),
      make("li", {}, stream("taken"), "writes that are taken"),
      make("li", {}, stream("refused"), "no writes: an outage, shaded on the axis of time"),
      make("li", {}, stream("copy"), "replicas copy"),
      ...(used.has("sync") ? [make("li", {}, stream("sync"), "full sync")] : []),
      make("li", {}, sample("times", draw("path", { class: "mark", d: "M22 2l7 12h-14z" })),
        "acknowledged writes are lost"),
      make("li", {}, sample("times", bars.lossMark({ dataset: true, says: "" }, [22, 5])),
        "a whole dataset is lost"),
      make("li", {}, make("span", { class: "frame", "aria-hidden": "true" }),
        "changed at this event"));
  }

  // ---- Begin -----------------------------------------------------------------------------------

  document.body.classList.toggle("two", panels.length > 1);
  byId("scrub").max = whole;
  byId("player").hidden = false;
  // Without a player, the answers are open.
  document.querySelectorAll(".story .why").forEach((it) => (it.open = false));
  ready("screen");
  bars.redraw();
  drawLegend();
  follow();
})();
