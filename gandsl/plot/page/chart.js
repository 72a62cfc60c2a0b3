// One chart: raw curves, smoothed ones, bands, what happened when; values under the pointer stand in its legend.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 210, LEFT = 50, RIGHT = 10, TOP = 16, BOTTOM = 22;
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];
const MARKED = 40; // points up to which each is drawn as a dot

/** An element of SVG or HTML with attributes; text only ever as text. */
function made(name, attributes = {}, ...inside) {
  const html = ["div", "span", "h2", "h3", "p", "section", "figure", "figcaption", "img", "label", "input", "output", "small", "b"].includes(name);
  const node = html ? document.createElement(name) : document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...inside);
  return node;
}

class Chart {
  constructor(spec, runs, state, moved) {
    this.spec = spec, this.state = state, this.moved = moved;
    const several = runs.filter(run => spec.curves.some(name => run.curves[name])).length > 1;
    this.lines = [];
    runs.forEach((run, r) => spec.curves.forEach((name, c) => {
      const curve = run.curves[name];
      if (!curve) return;
      const short = spec.curves.length > 1 ? name : "";
      const label = several ? [run.name, short].filter(Boolean).join(": ") : name;
      const colour = run.kind === "reference" ? "ref" : `c${(several ? r : c) % 6}`;
      const dash = DASHES[(several ? c + Math.floor(r / 6) : Math.floor(c / 6)) % 4];
      this.lines.push({ run, curve, label, colour, dash });
    }));
    this.legend = made("div", { class: "legend" });
    for (const line of this.lines) {
      const key = made("svg", { class: `key ${line.colour}`, width: 22, height: 10, "aria-hidden": "true" },
        made("line", { x1: 1, x2: 21, y1: 5, y2: 5, class: "line", "stroke-dasharray": line.dash }));
      line.value = made("b");
      this.legend.append(made("span", { class: "item" }, key, made("span", { class: "name" }, line.label), line.value));
    }
    this.note = made("small", { class: "note" });
    this.svg = made("svg", { class: "chart", tabindex: "0", role: "img", "aria-label": spec.title });
    this.node = made("figure", {}, made("figcaption", {}, made("b", {}, spec.title), spec.unit ? ` · ${spec.unit}` : ""),
      this.legend, this.svg, this.note);
    this.listen();
  }

  /** The lines that the axis has room for: a recorded curve knows of no time. */
  get shown() { return this.lines.filter(line => this.state.mode !== "time" || line.run.clock); }

  /** The points of a line on the axis that is chosen. */
  xs(line) {
    if (this.state.mode !== "time") return line.curve.x;
    line.times ??= line.curve.x.map(x => between(line.run.clock.x, line.run.clock.y, x));
    return line.times;
  }

  /** Whether a line is smoothed: not what was recorded so, nor what is set or counted. */
  soft(line) { return this.state.half > 0 && line.run.kind !== "reference" && !this.spec.exact; }

  smoothed(line) {
    const half = this.state.half;
    if (line.half !== half) {
      line.half = half;
      line.smooth = this.soft(line) ? smooth(line.curve.x, line.curve.y, half) : line.curve.y;
    }
    return line.smooth;
  }

  /** The range of values to show, and the share of points that lie outside of it. */
  range(domain) {
    const scale = this.spec.exact && this.state.scale === "cut" ? "linear" : this.state.scale, all = [];
    let pinned = [];
    for (const line of this.shown) {
      const xs = this.xs(line), { y, l, h } = line.curve, soft = this.smoothed(line);
      xs.forEach((x, i) => {
        if (x < domain[0] || x > domain[1]) return;
        all.push(y[i]);
        if (l) all.push(l[i], h[i]);
        pinned.push(soft[i]);
      });
    }
    const usable = scale === "log" ? all.filter(v => v > 0) : all;
    if (!usable.length) return { low: scale === "log" ? 1 : 0, high: scale === "log" ? 10 : 1, outside: all.length ? 1 : 0 };
    usable.sort((a, b) => a - b);
    let low = usable[0], high = usable[usable.length - 1];
    if (scale === "cut") {
      low = quantile(usable, 0.02), high = quantile(usable, 0.98);
      for (const v of pinned) if (v >= usable[0]) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    const outside = all.filter(v => v < low || v > high).length / all.length;
    if (scale === "log") return high > low ? { low, high, outside } : { low: low / 2, high: high * 2, outside };
    const gap = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    return { low: low - gap, high: high + gap, outside };
  }

  draw() {
    const width = this.svg.clientWidth || 400, { state } = this, domain = state.domain();
    const { low, high, outside } = this.range(domain);
    const inner = width - LEFT - RIGHT, tall = HEIGHT - TOP - BOTTOM;
    const log = state.scale === "log";
    const X = x => LEFT + (x - domain[0]) / (domain[1] - domain[0] || 1) * inner;
    const share = log ? v => Math.log(v / low) / Math.log(high / low) : v => (v - low) / (high - low);
    const Y = v => Math.max(-1e4, Math.min(1e4, TOP + (1 - share(v)) * tall));
    this.X = X, this.inverse = px => domain[0] + (px - LEFT) / inner * (domain[1] - domain[0]);
    const id = `clip${Chart.count = (Chart.count || 0) + 1}`;
    const plot = made("g", { "clip-path": `url(#${id})` });
    const [divisor, unit] = unitOf(domain[1], state.mode);
    const parts = [made("clipPath", { id }, made("rect", { x: LEFT, y: TOP - 2, width: Math.max(inner, 1), height: tall + 4 }))];
    for (const v of log ? logTicks(low, high) : ticks(low, high, 4)) {
      parts.push(made("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: Y(v), y2: Y(v) }));
      parts.push(made("text", { class: "tick", x: LEFT - 5, y: Y(v) + 3.5, "text-anchor": "end" }, brief(Math.abs(v) < (high - low) * 1e-9 && !log ? 0 : v)));
    }
    const places = ticks(domain[0] / divisor, domain[1] / divisor, inner / 80);
    places.forEach((v, i) => {
      const x = X(v * divisor), last = i === places.length - 1;
      const end = x > width - 34 ? "end" : "middle";
      parts.push(made("text", { class: "tick", x: end === "end" ? width - 1 : x, y: HEIGHT - 6, "text-anchor": end }, said(v) + (last ? ` ${unit}` : "")));
    });
    this.events(parts, domain, X, width);
    for (const line of this.shown) this.line(plot, line, X, Y, log, this.soft(line));
    this.cross = made("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    this.box = made("rect", { class: "box", y: TOP, height: tall, visibility: "hidden" });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren(...parts, plot, this.box, this.cross);
    this.note.textContent = [this.spec.note,
      outside > 0.0005 && state.scale !== "linear" ? `${said(outside * 100)} % of the values lie outside` : ""].filter(Boolean).join("; ");
    this.read();
  }

  line(plot, line, X, Y, log, softened) {
    const xs = this.xs(line), { y, l, h } = line.curve, pixels = xs.map(X), fine = v => !log || v > 0;
    const path = values => {
      let text = "", open = false;
      values.forEach((v, i) => {
        if (fine(v)) text += `${open ? "L" : "M"}${pixels[i].toFixed(1)} ${Y(v).toFixed(1)}`;
        open = fine(v);
      });
      return text;
    };
    const group = made("g", { class: line.colour });
    if (l) {
      const floor = values => values.map(v => Y(fine(v) ? v : Number.MIN_VALUE));
      const up = floor(h).map((v, i) => `${pixels[i].toFixed(1)} ${v.toFixed(1)}`);
      const down = floor(l).map((v, i) => `${pixels[i].toFixed(1)} ${v.toFixed(1)}`).reverse();
      group.append(made("path", { class: "band", d: `M${[...up, ...down].join("L")}Z` }));
    }
    group.append(made("path", { class: softened ? "raw" : "line", d: path(y), "stroke-dasharray": line.dash }));
    if (softened) group.append(made("path", { class: "line", d: path(this.smoothed(line)), "stroke-dasharray": line.dash }));
    if (xs.length <= MARKED) y.forEach((v, i) => fine(v) && group.append(made("circle", { class: "dot", cx: pixels[i].toFixed(1), cy: Y(v).toFixed(1), r: 2.4 })));
    plot.append(group);
  }

  /** Stages of growth, alarms, resumes, changes: one mark a pixel and kind. */
  events(parts, domain, X, width) {
    const taken = new Set();
    let free = LEFT;
    for (const run of this.state.runs) for (const event of run.events || []) {
      if (this.state.mode === "time" && !run.clock) continue;
      const at = this.state.mode === "time" ? between(run.clock.x, run.clock.y, event.at) : event.at;
      const x = Math.round(X(at)), key = `${event.kind}${x}`;
      if (at < domain[0] || at > domain[1] || taken.has(key)) continue;
      taken.add(key);
      const mark = made("g", { class: `event ${event.kind}${event.text.endsWith("fades in") ? " fade" : ""}` }, made("title", {}, `${run.name}: ${event.text}`),
        made("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
      if (event.kind === "alarm") mark.append(made("path", { d: `M${x} ${HEIGHT - BOTTOM}l-4.5 8h9z` }));
      if (event.kind === "stage" && !event.text.endsWith("fades in") && x >= free && x < width - 36) {
        mark.append(made("text", { x: x + 3, y: TOP - 4 }, event.text));
        free = x + 9 + event.text.length * 6.2;
      }
      parts.push(mark);
    }
  }

  /** Values at the pointer, or the last ones. */
  read() {
    const at = this.state.at, domain = this.state.domain();
    if (!this.cross) return;
    const visible = at !== null && at >= domain[0] && at <= domain[1];
    this.cross.setAttribute("visibility", visible ? "visible" : "hidden");
    if (visible) { this.cross.setAttribute("x1", this.X(at)); this.cross.setAttribute("x2", this.X(at)); }
    for (const line of this.lines) line.value.textContent = "";
    for (const line of this.shown) {
      const xs = this.xs(line), i = visible ? near(xs, at) : xs.length - 1, { y, l, h } = line.curve;
      const soft = this.soft(line) ? ` ~ ${said(this.smoothed(line)[i])}` : "";
      line.value.textContent = `${said(y[i])}${l && visible && l[i] < h[i] ? ` (${said(l[i])} … ${said(h[i])})` : ""}${soft}`;
    }
  }

  listen() {
    const { svg, state } = this;
    let from = null;
    const place = event => event.clientX - svg.getBoundingClientRect().left;
    svg.addEventListener("pointermove", event => {
      const px = place(event);
      this.moved(Math.min(Math.max(this.inverse(px), state.domain()[0]), state.domain()[1]));
      if (from === null) return;
      this.box.setAttribute("visibility", "visible");
      this.box.setAttribute("x", Math.min(from, px));
      this.box.setAttribute("width", Math.abs(px - from));
    });
    svg.addEventListener("pointerleave", () => from === null && this.moved(null));
    svg.addEventListener("pointerdown", event => {
      if (event.pointerType === "touch" || event.button) return;
      from = place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointerup", event => {
      const px = place(event), begin = from;
      from = null;
      if (begin !== null && Math.abs(px - begin) > 6) state.zoom([begin, px].map(this.inverse).sort((a, b) => a - b));
      else this.box.setAttribute("visibility", "hidden");
    });
    svg.addEventListener("dblclick", () => state.zoom(null));
    svg.addEventListener("keydown", event => {
      const [begin, end] = state.domain(), step = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
      if (event.key === "Escape") { this.moved(null); state.zoom(null); }
      if (!step) return;
      event.preventDefault();
      const at = state.at ?? (step > 0 ? begin : end);
      this.moved(Math.min(Math.max(at + step * (end - begin), begin), end));
    });
  }
}
