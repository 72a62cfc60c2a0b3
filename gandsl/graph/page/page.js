// The page: draws the networks, opens and shuts groups, tells of what one points at, follows links and keys.
const part = (id) => document.getElementById(id);
const main = part("main"), told = part("told"), state = part("state");
const engine = new Engine(part("engine").textContent);
const views = JSON.parse(part("data").textContent).map((network) => new View(network, engine));
const map = new Minimap(part("map"), main, views);
let zoom = 1, asked = 0, chosen; // chosen: { view, at }

part("tips").append(tips());
part("legend").open = matchMedia("(min-width: 901px)").matches;
main.append(...views.map((view) => view.section));

// --- drawing ---

function sized() {
  for (const view of views) if (view.laid) view.svg.style.width = `${view.laid.width * zoom}px`;
  part("percent").textContent = `${Math.round(zoom * 100)} %`;
  if (views.every((view) => view.laid)) map.draw();
}

async function refresh(changed = views, anchor) {
  // what is anchored ({ view, at }) stays where it is on the screen
  const spot = () => anchor?.view.elements?.get(anchor.view.folds.seen(anchor.at))?.getBoundingClientRect();
  const before = spot(), busy = setTimeout(() => { state.textContent = "laying out …"; }, 150);
  try {
    await Promise.all(changed.map((view) => view.refresh()));
    state.textContent = "";
  } catch (error) {
    state.textContent = `the layout failed: ${error.message ?? error}`;
    throw error;
  } finally { clearTimeout(busy); }
  sized();
  const after = spot();
  if (before && after) main.scrollBy(after.left - before.left, after.top - before.top);
  mark();
}

function zoomTo(wanted, x = main.clientWidth / 2, y = main.clientHeight / 2) {
  const next = Math.max(0.1, Math.min(3, wanted)), ratio = next / zoom;
  const left = (main.scrollLeft + x) * ratio - x, top = (main.scrollTop + y) * ratio - y;
  zoom = next;
  sized();
  main.scrollTo(left, top);
}

function fitting() {
  // the zoom at which the widest network just fits
  const widest = Math.max(...views.map((view) => view.laid.width));
  return Math.min(1, (main.clientWidth - 34) / widest);
}

const readable = () => Math.max(fitting(), 0.5);

// --- telling ---

function mark() {
  for (const view of views) {
    if (!view.elements) continue;
    const at = chosen?.view === view ? view.folds.seen(chosen.at) : undefined;
    view.light(at);
    for (const [one, element] of view.elements) {
      element.classList.toggle("chosen", one === at);
      element.setAttribute("tabindex", one === at ? 0 : -1);
    }
  }
  if (!document.querySelector("#main [tabindex='0']")) views[0]?.elements?.values().next().value?.setAttribute("tabindex", 0);
}

function link(view, at, text) {
  return Object.assign(document.createElement("a"), { textContent: text ?? view.folds.boxes[at].id, href: `#${encodeURIComponent(view.id(at))}` });
}

function row(list, name, ...content) {
  const value = document.createElement("dd");
  value.append(...content);
  list.append(Object.assign(document.createElement("dt"), { textContent: name }), value);
}

function tell(view, at) {
  told.replaceChildren();
  if (view === undefined) return;
  const { boxes, edges } = view.folds, list = document.createElement("dl"), inside = (end) => end === at || view.folds.above(end).includes(at);
  const links = (some, end, name) => [...new Map(some.map((edge) => [`${edge[end]} ${name(edge)}`, edge])).values()]
    .flatMap((edge, place) => [...(place ? [", "] : []), link(view, edge[end], name(edge))]);
  const reads = edges.filter((edge) => inside(edge.to) && !inside(edge.from)), read = edges.filter((edge) => inside(edge.from) && !inside(edge.to));
  const source = (edge) => edge.element ?? boxes[edge.from].id;
  row(list, "network", view.name);
  for (const [name, value] of boxes[at].about ?? []) {
    const own = edges.filter((edge) => edge.to === at && edge.port === name); // what stands at a port is a link
    row(list, name, ...(own.length ? links(own, "from", source) : [value]));
  }
  if (reads.length && view.folds.isGroup(at)) row(list, "reads", ...links(reads, "from", source));
  if (read.length) row(list, "read by", ...links(read, "to", (edge) => boxes[edge.to].id));
  told.append(list);
}

function tellLine(view, line) {
  const list = document.createElement("dl"), { boxes } = view.folds, about = Object.fromEntries(boxes[line.value].about ?? []);
  told.replaceChildren(list);
  row(list, "value", link(view, line.value));
  if (about.type) row(list, "type", about.type);
  if (line.flow === "count") row(list, "is read", "for the size of the batch alone");
  for (const edge of line.edges) row(list, edge.port || "given as", link(view, edge.to), edge.element ? ` takes ${edge.element}` : "");
}

// --- choosing ---

function choose(view, at, { focus = true } = {}) {
  chosen = view === undefined ? undefined : { view, at };
  mark();
  tell(view, at);
  const address = view === undefined ? location.pathname + location.search : `#${encodeURIComponent(view.id(at))}`;
  try { history.replaceState(null, "", address); } catch { /* a frame in a notebook has no address of its own */ }
  if (view !== undefined && focus) view.elements.get(view.folds.seen(at)).focus({ preventScroll: true });
}

async function show(view, at) {
  // opens what hides a box, and brings it into sight; the last of several that are asked for at once
  const turn = ++asked;
  view.folds.reveal(at);
  if (!view.elements.has(at)) await refresh([view]);
  if (turn !== asked) return;
  choose(view, at);
  sight(view, at);
}

function sight(view, at) {
  const tall = view.laid.rectangles.get(at).height * zoom > main.clientHeight;
  view.elements.get(at).scrollIntoView({ block: tall ? "start" : "center", inline: "center" });
}

async function toggle(view, at) {
  view.folds.toggle(at);
  await refresh([view], { view, at });
  choose(view, at);
}

function named(id) {
  // a box by `network.node`, or by `node` alone; a `select` stands for the first that reads it
  for (const prefix of [(view) => `${view.name}.`, () => ""]) {
    for (const view of views) {
      const { boxes, edges } = view.folds, is = (own) => own !== undefined && prefix(view) + own === id;
      const at = boxes.findIndex((box) => is(box.id)), edge = edges.find((one) => is(one.select));
      if (at >= 0 || edge) return { view, at: at >= 0 ? at : edge.to };
    }
  }
}

async function follow() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { /* a % that stands for itself */ }
  if (!id) return;
  const found = named(id), view = views.find((one) => one.name === id);
  if (found) await show(found.view, found.at);
  else if (view) view.section.scrollIntoView();
  else state.textContent = `no node ${id}`;
}

// --- events ---

const owner = (element) => {
  const box = element.closest?.("[data-id]"), view = views.find((one) => one.svg.contains(element));
  if (!box || !view) return undefined;
  return { view, at: [...view.elements].find(([, one]) => one === box)[0] };
};
const wire = (element) => {
  const group = element.closest?.(".line");
  for (const view of views) for (const path of view.paths ?? []) if (path.element === group) return { view, line: path.line };
};

main.addEventListener("click", (event) => {
  const found = owner(event.target), over = wire(event.target);
  if (event.target.matches(".save")) save(views.find((view) => view.save === event.target));
  else if (over) show(over.view, over.line.value);
  else if (!found) choose();
  else if (event.target.closest(".fold, .title, .hand")) toggle(found.view, found.at);
  else choose(found.view, found.at);
});
main.addEventListener("mouseover", (event) => {
  const found = owner(event.target), over = wire(event.target);
  if (over) { for (const view of views) view.light(undefined, view === over.view ? over.line.value : NaN); tellLine(over.view, over.line); }
  else if (found && !event.target.closest(".frame > rect:first-child")) { for (const view of views) view.light(view === found.view ? found.at : undefined); tell(found.view, found.at); }
  else { mark(); tell(chosen?.view, chosen?.at); }
});
main.addEventListener("mouseleave", () => { mark(); tell(chosen?.view, chosen?.at); });
main.addEventListener("focusin", (event) => {
  const found = owner(event.target);
  if (found && (found.view !== chosen?.view || found.at !== chosen.view.folds.seen(chosen.at))) choose(found.view, found.at, { focus: false });
});
main.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { left, top } = main.getBoundingClientRect();
  zoomTo(zoom * Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
}, { passive: false });

function nearest(view, at, key) {
  // the box that one comes to from a box by an arrow key: near, and more in that direction than aside
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  const [x, y] = middle(view.laid.rectangles.get(at)), [dx, dy] = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
  let best, least = Infinity;
  for (const [other, rectangle] of view.laid.rectangles) {
    const [a, b] = middle(rectangle), along = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (other === at || view.folds.open.has(other) || along <= 4) continue;
    if (along + 3 * aside < least) { best = other; least = along + 3 * aside; }
  }
  return best;
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  const { key } = event, at = chosen && chosen.view.folds.seen(chosen.at);
  if (key === "/") part("find").focus();
  else if (key === "+" || key === "=") zoomTo(zoom * 1.2);
  else if (key === "-") zoomTo(zoom / 1.2);
  else if (key === "0") zoomTo(1);
  else if (key === "Escape") choose();
  else if (chosen && event.target.closest("#main") && key.startsWith("Arrow")) {
    const next = nearest(chosen.view, at, key);
    if (next !== undefined) { choose(chosen.view, next); chosen.view.elements.get(next).scrollIntoView({ block: "nearest", inline: "nearest" }); }
  } else if (chosen && event.target.closest("[data-id]") && (key === "Enter" || key === " ") && chosen.view.folds.isGroup(at)) toggle(chosen.view, at);
  else if (chosen && key === "Backspace" && chosen.view.folds.above(at).length) toggle(chosen.view, chosen.view.folds.above(at)[0]);
  else return;
  event.preventDefault();
});

const presets = { stages: (folds) => folds.reset(), all: (folds) => folds.openWhere(() => true), none: (folds) => folds.openWhere(() => false) };
for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", async () => {
  for (const view of views) presets[button.dataset.open](view.folds);
  await refresh();
  zoomTo(readable(), 0, 0);
  if (chosen) sight(chosen.view, chosen.view.folds.seen(chosen.at));
});
part("in").addEventListener("click", () => zoomTo(zoom * 1.2));
part("out").addEventListener("click", () => zoomTo(zoom / 1.2));
part("fit").addEventListener("click", () => zoomTo(fitting()));
new Search(part("find"), part("found"), views, show);

function save(view) {
  const copy = view.svg.cloneNode(true), rules = document.createElementNS("http://www.w3.org/2000/svg", "style");
  rules.textContent = part("drawing").textContent;
  copy.prepend(rules, tips());
  copy.setAttribute("width", view.laid.width);
  copy.setAttribute("height", view.laid.height);
  copy.removeAttribute("style");
  const file = new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
  const anchor = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `${document.title} ${view.name}.svg` });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}

addEventListener("hashchange", follow);
addEventListener("resize", () => map.draw());
addEventListener("beforeprint", () => part("paper").replaceChildren(...onPaper(views)));
addEventListener("afterprint", () => part("paper").replaceChildren());

refresh().then(async () => {
  zoomTo(readable(), 0, 0);
  await follow();
  document.documentElement.dataset.ready = "";
});
