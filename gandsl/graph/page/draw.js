// One network as SVG: frames of open groups, lines between boxes, boxes. Text goes in as text, never as markup.
function make(kind, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function tips() {
  // arrowheads, one of each colour
  const one = (flow) => make("marker", { id: `tip-${flow}`, class: `tip ${flow}`, viewBox: "0 0 8 8", refX: 7.5, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
    make("path", { d: "M0,0.5 L8,4 L0,7.5 z" }));
  return make("defs", {}, ...["feature", "vector", "label", "scalar", "count", "hot"].map(one));
}

function rounded(corners, radius = 6) {
  // a path through the corners, each turn an arc
  const to = ({ x, y }) => `${+x.toFixed(1)},${+y.toFixed(1)}`;
  const towards = (a, b) => {
    const far = Math.hypot(b.x - a.x, b.y - a.y), part = far ? Math.min(radius, far / 2) / far : 0;
    return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
  };
  const turns = corners.slice(1, -1).map((corner, at) =>
    `L${to(towards(corner, corners[at]))} Q${to(corner)} ${to(towards(corner, corners[at + 2]))}`);
  return `M${to(corners[0])} ${turns.join(" ")} L${to(corners.at(-1))}`;
}

function titlePlace(box, rectangle, lines) {
  // Where the title of an open group stands: in a gap between the lines that pass its head; where no gap is wide
  // enough, along its left side, which no line passes.
  const { x, y, width } = rectangle, left = x + 8, right = x + width - 4, bottom = y + CELL.head + 4;
  const passed = [];
  for (const { corners } of lines) {
    for (let at = 1; at < corners.length; at++) {
      const [a, b] = [corners[at - 1], corners[at]], low = Math.min(a.y, b.y), high = Math.max(a.y, b.y);
      const [west, east] = [Math.min(a.x, b.x) - 6, Math.max(a.x, b.x) + 6];
      if (low < bottom && high > y + 1 && west < right && east > left) passed.push([west, east]);
    }
  }
  const gaps = [];
  let from = left;
  for (const [low, high] of [...passed.sort((a, b) => a[0] - b[0]), [right, right]]) {
    if (low > from) gaps.push([from, low - from]);
    from = Math.max(from, high);
  }
  const short = breadth(`▾ ${box.title}`, true) + 2, long = box.what ? short + breadth(` ${box.what}`) + 2 : short;
  for (const [need, what] of [[long, box.what], [short, ""]]) {
    const gap = gaps.find(([, size]) => size >= need);
    if (gap) return { x: gap[0], y: y + 17, what: what ?? "", width: need };
  }
  return { x: x + 15, y: y + 10 + short, what: "", width: short, turned: true };
}

class View {
  // A network on the page: its folds, its last layout, and the elements that show it.
  constructor(network, engine) {
    this.folds = new Folds(network);
    this.engine = engine;
    this.name = network.name;
    this.svg = make("svg", { class: "drawing", role: "group", "aria-label": network.name });
    this.save = Object.assign(document.createElement("button"), { textContent: "save as SVG", className: "save" });
    const heading = Object.assign(document.createElement("h2"), { textContent: network.name });
    heading.append(this.save);
    this.section = document.createElement("section");
    this.section.append(heading, this.svg);
    this.turn = 0;
  }
  id(at) { return `${this.name}.${this.folds.boxes[at].id}`; }

  refresh() {
    // lays out anew and draws; a call that a later one has overtaken ends with that one
    this.latest = this.lay(++this.turn);
    return this.latest;
  }
  async lay(turn) {
    const laid = await place(this.engine, this.folds);
    if (turn !== this.turn) return this.latest;
    this.laid = laid;
    this.draw();
  }

  draw() {
    const { width, height, rectangles, lines } = this.laid;
    this.elements = new Map();
    const shown = [...rectangles.keys()], frames = shown.filter((at) => this.folds.open.has(at));
    const group = frames.map((at) => this.frame(at)), closed = shown.filter((at) => !this.folds.open.has(at)).map((at) => this.closed(at));
    // lines that count alone lie below, so that none hides what flows
    const order = lines.toSorted((a, b) => (b.flow === "count") - (a.flow === "count"));
    this.paths = order.map((line) => this.line(line));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.lit = make("g", { class: "lit" });
    this.svg.replaceChildren(...group, ...this.paths.map(({ element }) => element), this.lit, ...closed);
  }

  line(line) {
    const from = this.id(line.from), to = this.id(line.to), d = rounded(line.corners);
    const path = make("path", { d, class: "wire", "marker-end": `url(#tip-${line.flow})` });
    const element = make("g", { class: `line ${line.flow}`, "data-value": this.id(line.value), "data-from": from, "data-to": to },
      make("path", { d, class: "reach" }), path);
    return { line, element, path };
  }

  rectangle(at) {
    const { x, y, width, height } = this.laid.rectangles.get(at);
    return make("rect", { x, y, width, height, rx: 6 });
  }
  element(at, classes, ...children) {
    const box = this.folds.boxes[at], group = this.folds.isGroup(at);
    const element = make("g", { class: classes, "data-id": this.id(at), tabindex: -1, role: group ? "button" : "img",
      "aria-label": [box.title, box.what, ...box.lines].filter(Boolean).join(", ") }, ...children);
    if (group) element.setAttribute("aria-expanded", this.folds.open.has(at));
    this.elements.set(at, element);
    return element;
  }

  frame(at) {
    const box = this.folds.boxes[at], place = titlePlace(box, this.laid.rectangles.get(at), this.laid.lines);
    const text = make("text", { class: "title", x: place.x, y: place.y },
      make("tspan", { class: "said" }, "▾ "), make("tspan", { class: "name" }, box.title));
    if (place.what) text.append(make("tspan", { class: "said" }, ` ${place.what}`));
    if (place.turned) text.setAttribute("transform", `rotate(-90 ${place.x} ${place.y})`);
    const hand = place.turned
      ? { x: place.x - 12, y: place.y - place.width - 4, width: 18, height: place.width + 8 }
      : { x: place.x - 4, y: place.y - 14, width: place.width + 8, height: 20 };
    return this.element(at, "box frame", this.rectangle(at), make("rect", { class: "hand", ...hand }), text);
  }

  closed(at) {
    const box = this.folds.boxes[at], { x, y } = this.laid.rectangles.get(at), fold = this.folds.isGroup(at);
    const title = make("text", { x: x + CELL.pad, y: y + CELL.pad + 8 });
    if (fold) title.append(make("tspan", { class: "said" }, "▸ "));
    title.append(make("tspan", { class: "name" }, box.title));
    if (fold && box.what) title.append(make("tspan", { class: "said" }, ` ${box.what}`));
    const said = box.lines.map((text, row) => make("text", { class: "said", x: x + CELL.pad, y: y + CELL.pad + 8 + CELL.line * (row + 1) }, text));
    return this.element(at, `box ${fold ? "fold" : `node ${box.family}`}`, this.rectangle(at), title, ...said);
  }

  light(at, value) {
    // marks a box with its lines, or the lines of one value; undefined marks nothing. Nothing moves: a click under way
    // would be lost. What is lit is drawn once more, above all other lines.
    const hot = new Set(at === undefined ? [] : [at]), above = [];
    for (const { line, path } of this.paths) {
      if (at === undefined ? line.value !== value : !this.touches(line, at)) continue;
      const copy = path.cloneNode();
      copy.setAttribute("marker-end", "url(#tip-hot)");
      above.push(copy);
      hot.add(line.from).add(line.to);
    }
    this.lit.replaceChildren(...above);
    for (const [one, element] of this.elements) element.classList.toggle("hot", hot.has(one));
  }
  touches(line, at) {
    // whether a line enters or leaves a box; of an open group, those that cross its frame
    const inside = (end) => end === at || this.folds.above(end).includes(at);
    return inside(line.from) !== inside(line.to);
  }
}
