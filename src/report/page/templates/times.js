// The axis of time: outages, losses and events of each panel, up to the furthest moment that was
// shown. `chosen` is told of a step that somebody clicks at.
function timeBars({ scene, axis, tools, chosen }) {
  const { steps, panels } = scene;
  const { places, whole, place, LONG } = axis;
  const { byId, draw, clock } = tools;

  /** As wide as there is room, so that letters keep their size. */
  let WIDTH = 1000;
  const ROW = 24;
  const MARGIN = 8;
  const [PHASES, WHOLE] = [20, 16];
  /** By panel: its bar, the part of it that is over, texts and when each comes, and the cursor. */
  let drawn = [];
  const x = (spot) => MARGIN + (spot / whole) * (WIDTH - 2 * MARGIN);

  /** One bar per shard that was out, or one for all where they are many. */
  function rows(panel) {
    const out = [...new Set(panel.outages.map((outage) => outage.shard))].sort((a, b) => a - b);
    if (out.length <= 1) return [{ name: "writes", outages: panel.outages }];
    const unphased = () => panel.outages.map(({ phases, ...outage }) => outage);
    if (out.length > 6) return [{ name: "writes", outages: unphased() }];
    return out.map((shard) => ({
      name: panel.shards[shard].id,
      outages: panel.outages.filter((outage) => outage.shard === shard),
    }));
  }

  function drawTimes(panel) {
    const bars = rows(panel);
    // A bar that is alone has room for a second line.
    const row = bars.length > 1 ? ROW : PHASES + WHOLE;
    const top = panels.length > 1 ? 16 : 2;
    const below = top + bars.length * (row + 4);
    const height = below + 28;
    const svg = draw("svg", { class: "times", viewBox: `0 0 ${WIDTH} ${height}`, role: "img" });
    if (panels.length > 1) svg.append(draw("text", { x: MARGIN, y: 12 }, panel.name));
    // What is in it ends where its width does; texts come as a whole, with what they speak of.
    const past = draw("svg", { class: "past", x: 0, y: 0, height });
    const late = [];
    const across = (to, kind, [x1, x2], [y1, y2]) =>
      to.append(draw("line", { class: kind, x1, x2, y1, y2 }));
    bars.forEach((bar, n) => {
      const y = top + n * (row + 4);
      const width = WIDTH - 2 * MARGIN;
      svg.append(draw("rect", { class: "base", x: MARGIN, y, width, height: row, rx: 3 }));
      bar.outages.forEach((outage) => drawOutage([past, late], outage, [y, row]));
    });
    svg.append(past);
    bars.forEach((bar, n) => {
      const y = top + n * (row + 4) + 16;
      if (bars.length > 1) svg.append(draw("text", { x: MARGIN + 4, y }, bar.name));
    });
    steps.forEach((step, n) => {
      if (n > 0 && steps[n].at - steps[n - 1].at > LONG) {
        across(past, "skip", [x(places[n - 1]) + 3, x(places[n]) - 3], [below + 2, below + 2]);
      }
      across(past, "tick", [x(places[n]), x(places[n])], [below - 2, below + 6]);
    });
    panel.losses.forEach((loss) => past.append(lossMark(loss, [x(place(loss.at)), below])));
    const warmUp = warmUpOf(panel.warmUp, [top, below]);
    drawMoments(late, height - 4, warmUp.plate);
    const scale = { x: WIDTH - MARGIN, y: height - 4, "text-anchor": "end", class: "small" };
    svg.append(draw("text", scale, "time, not to scale"));
    const cursor = draw("line", { class: "cursor", x1: 0, x2: 0, y1: top - 2, y2: below + 8 });
    drawn.push({ panel, svg, past, late, cursor });
    svg.append(...late.map(([, text]) => text), ...warmUp.marks, cursor);
    svg.addEventListener("click", (event) => {
      const { left, width } = svg.getBoundingClientRect();
      const part = (((event.clientX - left) / width) * WIDTH - MARGIN) / (WIDTH - 2 * MARGIN);
      chosen(places.findLastIndex((it) => it <= part * whole + 0.05));
    });
    byId("times").append(svg);
  }

  /** The clock at some of the events, as many as there is room for beside a plate. */
  function drawMoments(late, y, plate) {
    let end = 0;
    steps.forEach((step, n) => {
      const text = clock(step.at).replace(/\.\d+$/, "");
      const [at, half] = [x(places[n]), text.length * 3.4];
      const from = Math.max(at - half, MARGIN);
      const isBeside = from > plate[1] + 4 || from + 2 * half < plate[0] - 4;
      if (!isBeside || from < end + 10 || from + 2 * half > WIDTH - 150) return;
      late.push([places[n], draw("text", { x: from, y, class: "small" }, text)]);
      end = from + 2 * half;
    });
  }

  /** The part of the axis before anything counts: what veils it, and the place of its words. */
  function warmUpOf(warmUp, [top, below]) {
    if (!warmUp) return { marks: [], plate: [0, 0] };
    const at = x(place(warmUp.at));
    const [says, room] = ["counting begins", 96];
    const left = Math.min(Math.max(at - room / 2, MARGIN), WIDTH - MARGIN - 110 - room);
    const size = { x: MARGIN, y: top, width: at - MARGIN, height: below - top - 4 };
    const title = draw("title", {}, `warm-up: nothing counts before ${warmUp.says}`);
    const marks = [
      draw("rect", { class: "early", ...size }, title),
      draw("line", { class: "begins", x1: at, x2: at, y1: top - 2, y2: below + 13 }),
      draw("rect", { class: "plate", x: left, y: below + 12, width: room, height: 15, rx: 3 }),
      draw("text", { x: left + 5, y: below + 23, class: "small" }, says),
    ];
    return { marks, plate: [left, left + room] };
  }

  /** The sign of a loss: a triangle for writes, a square with a cross for a dataset. */
  function lossMark({ dataset, says }, [at, y]) {
    const title = draw("title", {}, says);
    if (!dataset) return draw("path", { class: "mark", d: `M${at} ${y - 3}l6 11h-12z` }, title);
    const square = draw("path", { class: "mark gone", d: `M${at - 7} ${y - 4}h14v14h-14z` }, title);
    const cross = `M${at - 4} ${y - 1}l8 8M${at - 4} ${y + 7}l8 -8`;
    return draw("g", {}, square, draw("path", { class: "gone-cross", d: cross }));
  }

  function redraw() {
    WIDTH = Math.max(byId("times").clientWidth, 280);
    drawn = [];
    byId("times").replaceChildren();
    panels.forEach(drawTimes);
  }

  /** An outage, shaded, phase by phase; what a phase waits for is written where there is room, and
      so is the length of it all. */
  function drawOutage([past, late], outage, [y, height]) {
    // Where the outages of many shards lie over one another, their phases would.
    const phases = outage.phases?.length ? outage.phases : [{ ...outage, name: "outage" }];
    const isTall = height > ROW;
    const shade = (at, [top, size], says, texts) => {
      const [from, to] = [x(place(at.from)), x(place(at.to))];
      const width = Math.max(to - from, 1.5);
      const rect = draw("rect", { class: "out", x: from, y: top, width, height: size });
      const fits = texts.find((it) => it.length * 7.3 < to - from);
      const middle = { x: (from + to) / 2, y: top + size / 2 + 4.5, "text-anchor": "middle" };
      past.append(draw("g", {}, draw("title", {}, says), rect));
      if (fits) late.push([place(at.to), draw("text", middle, fits)]);
      return Boolean(fits);
    };
    const isNamed = phases.map((phase) => {
      const text = `${phase.name} ${phase.says}`;
      const says = `no writes: ${text}; in all ${outage.says}`;
      const texts = outage.phases ? [text, phase.name] : [];
      return shade(phase, [y, isTall ? PHASES : height], says, texts);
    });
    const whole = [`no writes for ${outage.says}`, outage.says];
    if (isTall) shade(outage, [y + PHASES, WHOLE], whole[0], whole);
    else if (!isNamed.includes(true)) shade(outage, [y, height], whole[0], whole.slice(1));
  }

  /** The cursors, and of the bars what is over. */
  function show(spot, furthest) {
    const isAll = furthest >= whole;
    drawn.forEach(({ panel, svg, past, late, cursor }) => {
      cursor.setAttribute("x1", x(spot));
      cursor.setAttribute("x2", x(spot));
      past.setAttribute("width", isAll ? WIDTH : x(furthest) + MARGIN);
      late.forEach(([from, text]) => text.classList.toggle("later", from > furthest));
      const losses = panel.losses.map((loss) => `${loss.says} at ${clock(loss.at)}`);
      const n = panel.outages.length;
      const all = `${n} ${n === 1 ? "outage" : "outages"}; ` +
        (losses.length > 0 ? losses.slice(0, 5).join("; ") : "nothing lost");
      const some = "Shown up to the furthest event so far";
      const label = `Time from left to right, not to scale. ${isAll ? all : some}`;
      svg.setAttribute("aria-label", label);
    });
  }

  return { redraw, show, lossMark };
}
