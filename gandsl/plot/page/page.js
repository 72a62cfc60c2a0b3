// The page: reads its data, makes sections of charts, and keeps what all charts share: axis, zoom, smoothing.

const data = JSON.parse(document.getElementById("data").textContent);
const control = id => document.getElementById(id);
const state = {
  runs: data.runs, mode: "images", scale: "linear", half: 0, at: null, range: null,
  whole() {
    const ends = this.runs.flatMap(run => {
      const span = run.span;
      return this.mode === "time" ? (run.clock ? span.map(x => between(run.clock.x, run.clock.y, x)) : []) : span;
    });
    return [Math.min(0, ...ends), Math.max(...ends)];
  },
  domain() { return this.range || this.whole(); },
  zoom(range) { this.range = range; control("whole").disabled = !range; redraw(); },
};
const charts = [];

function redraw() { for (const chart of charts) if (chart.seen) chart.draw(); else chart.stale = true; }

/** The step of a moment, in words, where all runs that know of steps agree on it. */
function stepAt(at) {
  const found = state.runs.filter(run => run.steps && (state.mode !== "time" || run.clock)).map(run => {
    const images = state.mode === "time" ? between(run.clock.y, run.clock.x, at) : at;
    return Math.round(between(run.steps.x, run.steps.y, images));
  });
  return new Set(found).size === 1 ? `, step ${found[0].toLocaleString("en-US")}` : "";
}

function moved(at) {
  state.at = at;
  const [divisor, unit] = unitOf(state.domain()[1], state.mode);
  control("at").textContent = at === null ? "" : `at ${said(at / divisor)} ${unit}${stepAt(at)}`;
  for (const chart of charts) if (chart.seen) chart.read();
}

function smoothing() {
  const part = (control("smooth").value / 100) ** 2 * 0.2;
  state.half = part * Math.max(...state.runs.map(run => run.span[1]));
  const [divisor, unit] = unitOf(state.half, "images");
  control("half").textContent = part ? `half-life ${said(state.half / divisor)} ${unit}` : "off";
}

const eye = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const chart = charts.find(one => one.node === entry.target);
    chart.seen = entry.isIntersecting;
    if (!chart.seen) continue;
    if (chart.stale || !chart.cross) { chart.stale = false; chart.draw(); } else chart.read();
  }
}, { rootMargin: "300px" });

const main = control("charts");
for (const section of data.sections) {
  const box = made("div", { class: "charts" });
  for (const spec of section.charts) {
    const chart = new Chart(spec, data.runs, state, moved);
    charts.push(chart);
    box.append(chart.node);
    eye.observe(chart.node);
  }
  main.append(made("section", {}, made("h2", {}, section.title), box));
}
showGrids(data.runs, control("samples"));
main.firstElementChild?.after(control("samples"));

control("axis").addEventListener("change", event => { state.mode = event.target.value; state.at = null; state.zoom(null); });
control("scale").addEventListener("change", event => { state.scale = event.target.value; redraw(); });
control("smooth").addEventListener("input", () => { smoothing(); redraw(); });
control("whole").addEventListener("click", () => state.zoom(null));
if (!data.runs.some(run => run.clock)) control("axis").querySelector("[value=time]").disabled = true;
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
addEventListener("beforeprint", () => { for (const chart of charts) chart.draw(); });
smoothing();
state.zoom(null);
document.documentElement.dataset.ready = "";
